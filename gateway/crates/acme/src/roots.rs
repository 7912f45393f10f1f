//! Whom the connection to the CA trusts.

use std::path::Path;

use pem::Pem;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::error::AcmeError;

/// The roots of a file, or the machine's.
pub(crate) fn roots(file: Option<&Path>) -> Result<RootCertStore, AcmeError> {
    match file {
        Some(file) => of_file(file),
        None => of_machine(),
    }
}

fn of_file(file: &Path) -> Result<RootCertStore, AcmeError> {
    let refuse = |why: String| AcmeError::Setting {
        setting: "root_certificate",
        why: format!("{}: {why}", file.display()),
    };
    let text = std::fs::read(file).map_err(|e| refuse(e.to_string()))?;
    let parts = pem::parse_many(text).map_err(|e| refuse(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for part in parts.into_iter().filter(|part| part.tag() == "CERTIFICATE") {
        let root = CertificateDer::from(Pem::into_contents(part));
        roots.add(root).map_err(|e| refuse(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("it holds no certificate in PEM form".to_owned()));
    }
    Ok(roots)
}

fn of_machine() -> Result<RootCertStore, AcmeError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(AcmeError::Setting {
            setting: "root_certificate",
            why: "it is not set, and this machine has no trusted roots; \
                  install what Debian calls ca-certificates"
                .to_owned(),
        });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        for text in
            ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            std::fs::write(&file, text).unwrap();
            let refused = roots(Some(&file)).unwrap_err().to_string();
            assert!(refused.starts_with("acme.root_certificate: "), "{refused}");
            assert!(refused.contains("roots.pem"), "{refused}");
        }
        assert!(roots(Some(&folder.path().join("none"))).is_err());
    }

    #[test]
    fn every_certificate_of_the_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        let one = crate::certificate::tests::made(0, 86_400);
        std::fs::write(&file, one.chain_pem().repeat(2)).unwrap();
        assert_eq!(roots(Some(&file)).unwrap().len(), 2);
    }
}
