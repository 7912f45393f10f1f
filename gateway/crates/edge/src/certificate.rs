//! Certificates of listeners: files, or one that the gateway signs itself.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pem::Pem;
use pingora_core::listeners::tls::TlsSettings;
use rustls::InconsistentKeys;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tollgate_config::{Listener, Tls};

/// A listener's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The configuration names none.
    #[error("the TLS listener {0} has no certificate")]
    Missing(String),
    /// It cannot be loaded.
    #[error("the certificate {certificate} with key {key} cannot be used: {why}")]
    Unusable {
        /// The certificate file.
        certificate: String,
        /// The key file.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// None could be made.
    #[error("a self-signed certificate could not be made: {0}")]
    SelfSigned(String),
}

/// TLS settings of a listener; self-signed certificates are kept in `data_dir`.
pub(crate) fn settings(
    listener: &Listener,
    tls: &Tls,
    data_dir: &Path,
) -> Result<TlsSettings, CertificateError> {
    let (certificate, key) = match tls.certificates.first() {
        Some(files) => (files.certificate.clone(), files.private_key.clone()),
        None if !tls.self_signed.is_empty() => self_signed(&tls.self_signed, data_dir)?,
        None => return Err(CertificateError::Missing(listener.address.to_string())),
    };
    let unusable = |why: String| CertificateError::Unusable {
        certificate: certificate.display().to_string(),
        key: key.display().to_string(),
        why,
    };
    // The TLS settings stop the process over a pair that does not match; look first.
    check_pair(&certificate, &key).map_err(unusable)?;
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let intermediate = TlsSettings::intermediate(&certificate, &key);
    let mut settings = intermediate.map_err(|e| unusable(e.to_string()))?;
    if listener.http2 {
        settings.enable_h2();
    }
    Ok(settings)
}

/// Whether the key is the one that the first certificate of the chain was made for.
fn check_pair(certificate: &Path, key: &Path) -> Result<(), String> {
    let chain: Vec<CertificateDer<'static>> = parts(certificate)?
        .into_iter()
        .filter(|part| part.tag() == "CERTIFICATE")
        .map(|part| part.into_contents().into())
        .collect();
    if chain.is_empty() {
        return Err("the certificate file holds no certificate in PEM form".to_owned());
    }
    let key = parts(key)?.into_iter().find_map(private_key);
    let key = key.ok_or("the key file holds no private key in PEM form")?;
    let key = any_supported_type(&key).map_err(|e| format!("the private key: {e}"))?;
    match CertifiedKey::new(chain, key).keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err("the private key does not belong to the certificate".to_owned())
        }
        Err(error) => Err(format!("the certificate: {error}")),
    }
}

fn parts(path: &Path) -> Result<Vec<Pem>, String> {
    let text = std::fs::read(path).map_err(|e| e.to_string())?;
    pem::parse_many(text).map_err(|e| format!("{} is not in PEM form: {e}", path.display()))
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

/// The certificate that was made at the first start, or a new one.
fn self_signed(names: &[String], data_dir: &Path) -> Result<(PathBuf, PathBuf), CertificateError> {
    let certificate = data_dir.join("self-signed.crt");
    let key = data_dir.join("self-signed.key");
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let failed = |why: &dyn std::fmt::Display| CertificateError::SelfSigned(why.to_string());
    let made = rcgen::generate_simple_self_signed(names.to_vec()).map_err(|e| failed(&e))?;
    write_private(&key, &made.signing_key.serialize_pem()).map_err(|e| failed(&e))?;
    std::fs::write(&certificate, made.cert.pem()).map_err(|e| failed(&e))?;
    Ok((certificate, key))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and its key in files of `dir`.
    fn pair(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(vec![format!("{name}.example")]).unwrap();
        let (certificate, key) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }

    #[test]
    fn a_key_must_belong_to_its_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(dir.path(), "one");
        let (_, other) = pair(dir.path(), "other");
        assert_eq!(check_pair(&certificate, &key), Ok(()));
        let refused = check_pair(&certificate, &other).unwrap_err();
        assert_eq!(refused, "the private key does not belong to the certificate");
    }

    #[test]
    fn files_that_hold_something_else_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(dir.path(), "one");
        let noise = dir.path().join("noise");
        std::fs::write(&noise, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .unwrap();
        assert!(check_pair(&key, &key).unwrap_err().contains("no certificate"));
        assert!(check_pair(&certificate, &certificate).unwrap_err().contains("no private key"));
        assert!(check_pair(&noise, &key).unwrap_err().starts_with("the certificate: "));
        assert!(check_pair(&dir.path().join("none"), &key).is_err());
    }

    #[test]
    fn the_certificate_that_was_made_first_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["localhost".to_owned()];
        let (certificate, key) = self_signed(&names, dir.path()).unwrap();
        assert_eq!(check_pair(&certificate, &key), Ok(()));
        let before = std::fs::read(&certificate).unwrap();
        self_signed(&names, dir.path()).unwrap();
        assert_eq!(std::fs::read(&certificate).unwrap(), before);
    }
}
