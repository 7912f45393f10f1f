//! A certificate chain with its private key, known to belong together.

use std::time::{Duration, SystemTime};

use pem::Pem;
use rcgen::{KeyPair, PublicKeyData};
use x509_parser::certificate::X509Certificate;
use x509_parser::time::ASN1Time;

/// A chain and its key. They belong together: what does not cannot be made into one.
#[derive(Clone, Eq, PartialEq)]
pub struct Certificate {
    chain_pem: String,
    key_pem: String,
    leaf: Vec<u8>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl Certificate {
    /// Takes a chain and a key after looking whether they are what they should be.
    pub(crate) fn new(chain_pem: String, key_pem: String) -> Result<Self, String> {
        let chain = pem::parse_many(&chain_pem).map_err(|e| format!("the chain: {e}"))?;
        let chain: Vec<&[u8]> =
            chain.iter().filter(|part| part.tag() == "CERTIFICATE").map(Pem::contents).collect();
        let Some((leaf, above)) = chain.split_first() else {
            return Err("the chain holds no certificate".to_owned());
        };
        for certificate in above {
            parse(certificate)?;
        }
        let parsed = parse(leaf)?;
        let key = KeyPair::from_pem(&key_pem).map_err(|e| format!("the private key: {e}"))?;
        if key.subject_public_key_info() != parsed.public_key().raw {
            return Err("the private key does not belong to the certificate".to_owned());
        }
        let validity = parsed.validity();
        let (not_before, not_after) = (time(validity.not_before)?, time(validity.not_after)?);
        if not_after <= not_before {
            return Err("the certificate is never valid".to_owned());
        }
        let leaf = leaf.to_vec();
        Ok(Self { chain_pem, key_pem, leaf, not_before, not_after })
    }

    /// The chain in PEM form, the domains' own certificate first.
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The private key in PEM form, PKCS #8.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Valid from.
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// Valid until.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// The domains' own certificate, DER.
    pub(crate) fn leaf(&self) -> &[u8] {
        &self.leaf
    }
}

/// Without the key, and without the chain, which says little to a reader.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    let (rest, parsed) =
        x509_parser::parse_x509_certificate(der).map_err(|e| format!("a certificate: {e}"))?;
    if rest.is_empty() { Ok(parsed) } else { Err("a certificate has bytes behind it".to_owned()) }
}

fn time(time: ASN1Time) -> Result<SystemTime, String> {
    let seconds = u64::try_from(time.timestamp());
    let seconds = seconds.map_err(|_| "the certificate is from before 1970".to_owned())?;
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .ok_or_else(|| "the certificate's end is too far away".to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A certificate for `a.example` that is valid from `from` to `until`, in Unix seconds.
    pub(crate) fn made(from: i64, until: i64) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut wanted = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let at = |seconds: i64| {
            let days = i32::try_from(seconds / 86_400).unwrap();
            rcgen::date_time_ymd(1970, 1, 1)
                + (rcgen::date_time_ymd(1970, 1, 2) - rcgen::date_time_ymd(1970, 1, 1)) * days
        };
        (wanted.not_before, wanted.not_after) = (at(from), at(until));
        let chain = wanted.self_signed(&key).unwrap().pem();
        Certificate::new(chain, key.serialize_pem()).unwrap()
    }

    /// A certificate that names the key of the CA which signed it.
    pub(crate) fn issued() -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut wanted = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        wanted.use_authority_key_identifier_extension = true;
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let signed = wanted.signed_by(&key, &rcgen::Issuer::new(ca, ca_key)).unwrap();
        Certificate::new(signed.pem(), key.serialize_pem()).unwrap()
    }

    #[test]
    fn its_times_are_read_and_its_key_is_not_shown() {
        let certificate = made(86_400 * 20_000, 86_400 * 20_090);
        let after = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400);
        assert_eq!(certificate.not_before(), after(20_000));
        assert_eq!(certificate.not_after(), after(20_090));
        assert!(!format!("{certificate:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let (one, other) = (made(0, 86_400), made(0, 86_400));
        let refused = |chain: &str, key: &str| {
            Certificate::new(chain.to_owned(), key.to_owned()).unwrap_err()
        };
        assert!(refused(one.chain_pem(), other.key_pem()).contains("does not belong"));
        assert!(refused("", one.key_pem()).contains("no certificate"));
        assert!(refused(one.chain_pem(), "").contains("private key"));
        let torn = format!(
            "{}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            one.chain_pem()
        );
        assert!(refused(&torn, one.key_pem()).contains("a certificate: "));
    }
}
