//! The CA's own suggestion when to renew (RFC 9773).

use std::time::{Duration, SystemTime};

use instant_acme::{Account, CertificateIdentifier, Error};
use rustls::pki_types::CertificateDer;

use crate::certificate::Certificate;
use crate::error::AcmeError;
use crate::schedule::Window;

/// A CA is asked again after no less than this, whatever it says.
const ASK_AGAIN_MIN: Duration = Duration::from_secs(3600);

/// And after no more than this: a suggestion may change in an emergency.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(24 * 3600);

/// A CA that could not be asked is asked again after this.
const ASK_FAILED: Duration = Duration::from_secs(6 * 3600);

/// What a CA said about a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suggestion {
    /// `None` from a CA that makes no suggestions.
    pub(crate) window: Option<Window>,
    /// When to ask again.
    pub(crate) ask_again: Duration,
}

impl Suggestion {
    /// From a CA that makes none.
    pub(crate) const NONE: Self = Self { window: None, ask_again: ASK_AGAIN_MAX };

    /// From a CA that could not be asked.
    pub(crate) const UNKNOWN: Self = Self { window: None, ask_again: ASK_FAILED };
}

/// Asks the CA when to renew a certificate.
pub(crate) async fn suggestion(
    account: &Account,
    certificate: &Certificate,
) -> Result<Suggestion, AcmeError> {
    // Only certificates that name their CA's key can be asked about.
    let Some(id) = identifier(certificate) else { return Ok(Suggestion::NONE) };
    match account.renewal_info(&id).await {
        Ok((told, again)) => {
            let window = told.suggested_window;
            let window = Window { start: window.start.into(), end: window.end.into() };
            let ask_again = again.clamp(ASK_AGAIN_MIN, ASK_AGAIN_MAX);
            let sane = window.start > SystemTime::UNIX_EPOCH && window.end >= window.start;
            Ok(Suggestion { window: sane.then_some(window), ask_again })
        }
        Err(Error::Unsupported(_)) => Ok(Suggestion::NONE),
        Err(error) => Err(AcmeError::ca("when to renew", &error)),
    }
}

/// What a CA knows a certificate by.
pub(crate) fn identifier(certificate: &Certificate) -> Option<CertificateIdentifier<'static>> {
    let leaf = CertificateDer::from_slice(certificate.leaf());
    CertificateIdentifier::try_from(&leaf).ok().map(CertificateIdentifier::into_owned)
}

#[cfg(test)]
mod tests;
