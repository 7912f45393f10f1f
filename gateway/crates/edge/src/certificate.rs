//! Certificates of listeners: files, or one that the gateway signs itself.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pingora_core::listeners::tls::TlsSettings;
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
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let unusable = |why: String| CertificateError::Unusable {
        certificate: certificate.clone(),
        key: key.clone(),
        why,
    };
    // The TLS settings stop the process over a pair that does not match; look first.
    check_pair(&certificate, &key).map_err(unusable)?;
    let mut settings =
        TlsSettings::intermediate(&certificate, &key).map_err(|e| unusable(e.to_string()))?;
    if listener.http2 {
        settings.enable_h2();
    }
    Ok(settings)
}

fn check_pair(certificate: &str, key: &str) -> Result<(), String> {
    let chain = std::fs::read_to_string(certificate).map_err(|e| e.to_string())?;
    if !chain.contains("BEGIN CERTIFICATE") {
        return Err("the file holds no certificate in PEM form".to_owned());
    }
    let key = std::fs::read_to_string(key).map_err(|e| e.to_string())?;
    if !key.contains("PRIVATE KEY") {
        return Err("the file holds no private key in PEM form".to_owned());
    }
    Ok(())
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
