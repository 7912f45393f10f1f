//! A certificate that the gateway signs itself, for trying things out.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tollgate_listener::PairFiles;

/// No certificate could be made.
#[derive(Debug, thiserror::Error)]
#[error("a self-signed certificate could not be made: {0}")]
pub struct SelfSignedError(String);

/// The certificate that was made at the first start, or a new one; kept in `data_dir`.
pub(crate) fn self_signed(names: &[String], data_dir: &Path) -> Result<PairFiles, SelfSignedError> {
    let files = PairFiles {
        certificate: data_dir.join("self-signed.crt"),
        key: data_dir.join("self-signed.key"),
    };
    if files.certificate.exists() && files.key.exists() {
        return Ok(files);
    }
    let failed = |why: &dyn std::fmt::Display| SelfSignedError(why.to_string());
    let made = rcgen::generate_simple_self_signed(names.to_vec()).map_err(|e| failed(&e))?;
    let key = made.signing_key.serialize_pem();
    write_private(&files.key, &key).map_err(|e| failed(&e))?;
    std::fs::write(&files.certificate, made.cert.pem()).map_err(|e| failed(&e))?;
    Ok(files)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use tollgate_listener::Certificates;

    use super::*;

    #[test]
    fn the_certificate_that_was_made_first_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["localhost".to_owned()];
        let files = self_signed(&names, dir.path()).unwrap();
        Certificates::load(vec![files.clone()]).unwrap();
        let before = std::fs::read(&files.certificate).unwrap();
        self_signed(&names, dir.path()).unwrap();
        assert_eq!(std::fs::read(&files.certificate).unwrap(), before);
    }
}
