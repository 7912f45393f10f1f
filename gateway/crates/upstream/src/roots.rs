//! The certificates that upstreams are trusted by: the machine's, and those of a configured file.
//!
//! The TLS connector takes a file and stops the process over an entry that it cannot read, so a
//! file is made for it that holds only what is known to parse.

use std::path::Path;

use pem::Pem;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// The roots could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The configured file cannot be read.
    #[error("the CA file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The configured file holds no usable certificate.
    #[error("the CA file {0} holds no certificate in PEM form")]
    NoCertificate(String),
    /// The bundle cannot be written.
    #[error("the trust roots could not be written to {path}: {source}")]
    Write {
        /// The bundle.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes the machine's roots and those of `extra` to `bundle`; gives how many there are.
pub fn write_bundle(bundle: &Path, extra: Option<&Path>) -> Result<usize, RootsError> {
    let mut roots = machine_roots();
    if let Some(path) = extra {
        roots.extend(file_roots(path)?);
    }
    let pems: Vec<Pem> =
        roots.iter().map(|root| Pem::new("CERTIFICATE", root.as_ref().to_vec())).collect();
    let written = std::fs::write(bundle, pem::encode_many(&pems));
    written.map_err(|source| RootsError::Write { path: bundle.display().to_string(), source })?;
    Ok(roots.len())
}

fn machine_roots() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::debug!(target: "upstream", "a trust root of this machine is left out: {error}");
    }
    found.certs.into_iter().filter(parses).collect()
}

fn file_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let shown = path.display().to_string();
    let text =
        std::fs::read(path).map_err(|source| RootsError::Read { path: shown.clone(), source })?;
    let pems = pem::parse_many(text).unwrap_or_default();
    let roots: Vec<CertificateDer<'static>> = pems
        .into_iter()
        .filter(|pem| pem.tag() == "CERTIFICATE")
        .map(|pem| CertificateDer::from(pem.into_contents()))
        .filter(parses)
        .collect();
    if roots.is_empty() { Err(RootsError::NoCertificate(shown)) } else { Ok(roots) }
}

fn parses(root: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(root.clone()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let dir = std::env::temp_dir().join(format!("tollgate-roots-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("ca.pem");
        std::fs::write(&file, "not a certificate").unwrap();
        let refused = write_bundle(&dir.join("bundle.pem"), Some(&file));
        assert!(matches!(refused, Err(RootsError::NoCertificate(_))));
        let missing = write_bundle(&dir.join("bundle.pem"), Some(&dir.join("none.pem")));
        assert!(matches!(missing, Err(RootsError::Read { .. })));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
