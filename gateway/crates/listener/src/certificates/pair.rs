//! A certificate chain with its key, read from PEM.

use std::path::Path;
use std::sync::Arc;

use pem::Pem;
use rustls::InconsistentKeys;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::PairFiles;

/// What is wrong with a certificate or its key.
#[derive(Debug, thiserror::Error)]
pub enum PairFault {
    /// A file cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// One of the two is not in PEM form.
    #[error("not in PEM form: {0}")]
    NotPem(#[source] pem::PemError),
    /// There is no certificate.
    #[error("the certificate file holds no certificate in PEM form")]
    NoCertificate,
    /// There is no key.
    #[error("the key file holds no private key in PEM form")]
    NoKey,
    /// The certificate is none that can be used.
    #[error("the certificate: {0}")]
    Certificate(#[source] rustls::Error),
    /// The certificate's names cannot be read.
    #[error("the certificate: {0}")]
    Names(#[source] webpki::Error),
    /// The key is none that can be used.
    #[error("the private key: {0}")]
    Key(#[source] rustls::Error),
    /// The two are not made for each other.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

/// A certificate that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) key: Arc<CertifiedKey>,
    /// Names of hosts that it is made for, in lower case; `*.` may begin one.
    pub(crate) names: Vec<String>,
}

// === impl Pair ===

impl Pair {
    pub(crate) fn load(files: &PairFiles) -> Result<Self, PairFault> {
        Self::parse(&read(&files.certificate)?, &read(&files.key)?)
    }

    /// Both in PEM form. The key must be the one that the chain's first certificate was made for.
    pub(crate) fn parse(certificate: &[u8], key: &[u8]) -> Result<Self, PairFault> {
        let key = unread(certificate, key)?;
        let names = names(key.cert.first().ok_or(PairFault::NoCertificate)?)?;
        match key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Self { key: Arc::new(key), names })
            }
            Err(rustls::Error::InconsistentKeys(_)) => Err(PairFault::Mismatch),
            Err(error) => Err(PairFault::Certificate(error)),
        }
    }
}

/// Both in PEM form, and not looked into: a certificate for `acme-tls/1` has an extension that is for
/// authorities, and whoever does not know it must refuse the certificate.
pub(super) fn unread(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, PairFault> {
    let chain: Vec<CertificateDer<'static>> = parts(certificate)?
        .into_iter()
        .filter(|part| part.tag() == "CERTIFICATE")
        .map(|part| part.into_contents().into())
        .collect();
    if chain.is_empty() {
        return Err(PairFault::NoCertificate);
    }
    let key = parts(key)?.into_iter().find_map(private_key).ok_or(PairFault::NoKey)?;
    let key = any_supported_type(&key).map_err(PairFault::Key)?;
    Ok(CertifiedKey::new(chain, key))
}

fn read(path: &Path) -> Result<Vec<u8>, PairFault> {
    std::fs::read(path)
        .map_err(|source| PairFault::Unreadable { file: path.display().to_string(), source })
}

fn parts(text: &[u8]) -> Result<Vec<Pem>, PairFault> {
    pem::parse_many(text).map_err(PairFault::NotPem)
}

fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, PairFault> {
    let certificate = webpki::EndEntityCert::try_from(certificate).map_err(PairFault::Names)?;
    Ok(certificate.valid_dns_names().map(str::to_ascii_lowercase).collect())
}

/// PEM tells by its label how a private key is written.
fn private_key(part: Pem) -> Option<PrivateKeyDer<'static>> {
    let tag = part.tag().to_owned();
    let der = part.into_contents();
    match tag.as_str() {
        "PRIVATE KEY" => Some(PrivateKeyDer::Pkcs8(der.into())),
        "RSA PRIVATE KEY" => Some(PrivateKeyDer::Pkcs1(der.into())),
        "EC PRIVATE KEY" => Some(PrivateKeyDer::Sec1(der.into())),
        _ => None,
    }
}
