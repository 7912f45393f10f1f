//! One order: which names, proof that they are ours, a certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, ChallengeHandle, ChallengeType, Error,
    Identifier, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::certificate::Certificate;
use crate::challenges::{Challenges, Presented};
use crate::error::{AcmeError, is_problem, told};
use crate::nonce::persist;
use crate::renewal::identifier;
use crate::settings::{AcmeSettings, ChallengeKind};
use crate::tls_alpn;

/// How long the CA may take to verify, and then to issue.
const POLL_MAX: Duration = Duration::from_secs(120);

const POLLS: RetryPolicy = RetryPolicy::new().timeout(POLL_MAX);

/// What an order needs beside an account.
pub(crate) struct Wanted<'a> {
    pub(crate) settings: &'a AcmeSettings,
    pub(crate) challenges: &'a Challenges,
    /// The certificate that the CA is told is replaced, if it makes suggestions about it.
    pub(crate) replaces: Option<&'a Certificate>,
}

/// Orders a certificate. What is presented to the CA stands until this returns or is dropped.
pub(crate) async fn issue(
    account: &Account,
    wanted: &Wanted<'_>,
) -> Result<Certificate, AcmeError> {
    let mut order = open(account, wanted).await?;
    let presented = answer(&mut order, wanted).await?;
    match persist!(order.poll_ready(&POLLS)) {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(refused(&mut order, wanted, None).await),
        Err(Error::Api(problem)) => return Err(refused(&mut order, wanted, Some(problem)).await),
        Err(error) => return Err(AcmeError::ca("the order", &error)),
    }
    drop(presented);
    let (key, request) = request(&wanted.settings.domains)?;
    let failed = |e| AcmeError::ca("the certificate", &e);
    persist!(order.finalize_csr(&request)).map_err(failed)?;
    let chain = persist!(order.poll_certificate(&POLLS)).map_err(failed)?;
    Certificate::new(chain, key).map_err(AcmeError::Unusable)
}

/// Opens an order. A CA that does not want to hear what it replaces gets one that says nothing.
async fn open(account: &Account, wanted: &Wanted<'_>) -> Result<Order, AcmeError> {
    let names: Vec<Identifier> =
        wanted.settings.domains.iter().map(|domain| Identifier::Dns(domain.clone())).collect();
    let failed = |e| AcmeError::ca("a new order", &e);
    if let Some(replaces) = wanted.replaces.and_then(identifier) {
        let order = NewOrder::new(&names).replaces(replaces);
        match persist!(account.new_order(&order)) {
            Err(Error::Unsupported(_) | Error::Other(_)) => {}
            Err(error)
                if ["alreadyReplaced", "malformed"].iter().any(|k| is_problem(&error, k)) => {}
            opened => return opened.map_err(failed),
        }
    }
    let order = NewOrder::new(&names);
    persist!(account.new_order(&order)).map_err(failed)
}

/// Presents an answer for each name that the CA wants verified, and tells it so.
async fn answer(order: &mut Order, wanted: &Wanted<'_>) -> Result<Vec<Presented>, AcmeError> {
    let failed = |e| AcmeError::ca("a challenge", &e);
    persist!(fetch(order)).map_err(failed)?;
    let mut presented = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(failed)?;
        if !pending(&authorization)? {
            continue;
        }
        let domain = name(&authorization);
        let mut challenge = offered(&mut authorization, wanted.settings.challenge, &domain)?;
        presented.push(present(&challenge, wanted, &domain)?);
        persist!(challenge.set_ready()).map_err(failed)?;
    }
    Ok(presented)
}

/// Fetches what the CA wants verified; the library keeps it.
async fn fetch(order: &mut Order) -> Result<(), Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        authorization?;
    }
    Ok(())
}

/// Whether a name is still to be verified.
fn pending(authorization: &AuthorizationHandle<'_>) -> Result<bool, AcmeError> {
    match authorization.status {
        AuthorizationStatus::Pending => Ok(true),
        AuthorizationStatus::Valid => Ok(false),
        status => Err(AcmeError::Ca {
            doing: "a challenge",
            why: format!("the authorization for {} is {status:?}", name(authorization)),
        }),
    }
}

fn offered<'a>(
    authorization: &'a mut AuthorizationHandle<'a>,
    kind: ChallengeKind,
    domain: &str,
) -> Result<ChallengeHandle<'a>, AcmeError> {
    let wanted = match kind {
        ChallengeKind::Http01 => ChallengeType::Http01,
        ChallengeKind::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    authorization.challenge(wanted).ok_or_else(|| AcmeError::Unverified {
        domain: domain.to_owned(),
        challenge: kind.as_str(),
        why: "the CA does not offer this challenge".to_owned(),
    })
}

fn present(
    challenge: &ChallengeHandle<'_>,
    wanted: &Wanted<'_>,
    domain: &str,
) -> Result<Presented, AcmeError> {
    let authorization = challenge.key_authorization();
    let presented = match wanted.settings.challenge {
        ChallengeKind::Http01 => {
            wanted.challenges.present_http(&challenge.token, authorization.as_str().to_owned())
        }
        ChallengeKind::TlsAlpn01 => {
            let answer = tls_alpn::answer(domain, authorization.digest().as_ref())?;
            wanted.challenges.present_tls(domain, answer)
        }
    };
    presented.ok_or_else(|| AcmeError::Unverified {
        domain: domain.to_owned(),
        challenge: wanted.settings.challenge.as_str(),
        why: "too many challenges are open already".to_owned(),
    })
}

/// Why the CA calls an order invalid: a name that it could not verify, or the order's own reason.
async fn refused(order: &mut Order, wanted: &Wanted<'_>, problem: Option<Problem>) -> AcmeError {
    match unverified(order, wanted.settings.challenge.as_str()).await {
        Some(unverified) => unverified,
        None => AcmeError::Ca {
            doing: "the order",
            why: problem.map_or("it is invalid".to_owned(), |problem| told(&problem.to_string())),
        },
    }
}

/// The name that the CA could not verify, and what it saw.
async fn unverified(order: &mut Order, challenge: &'static str) -> Option<AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.ok()?;
        let refreshed = persist!(async { authorization.refresh().await.map(drop) });
        refreshed.ok()?;
        let seen = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = seen {
            let (domain, why) = (name(&authorization), told(&problem.to_string()));
            return Some(AcmeError::Unverified { domain, challenge, why });
        }
    }
    None
}

fn name(authorization: &AuthorizationHandle<'_>) -> String {
    told(&authorization.identifier().to_string()).to_ascii_lowercase()
}

/// A new key, and the request for a certificate over it.
fn request(domains: &[String]) -> Result<(String, Vec<u8>), AcmeError> {
    let failed = |error: rcgen::Error| AcmeError::Crypto(error.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut wanted = CertificateParams::new(domains).map_err(failed)?;
    wanted.distinguished_name = DistinguishedName::new();
    let request = wanted.serialize_request(&key).map_err(failed)?;
    Ok((key.serialize_pem(), request.der().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_a_key_of_its_own() {
        let domains = ["a.example".to_owned(), "b.example".to_owned()];
        let (one, request_one) = request(&domains).unwrap();
        let (other, _) = request(&domains).unwrap();
        assert_ne!(one, other);
        assert!(request_one.windows(9).any(|part| part == b"b.example"));
    }
}
