//! The certificate that answers tls-alpn-01 (RFC 8737).

use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::challenges::TlsAnswer;
use crate::error::AcmeError;

/// How long the digest of a key authorisation is: SHA-256.
const DIGEST_BYTES: usize = 32;

/// Makes the answer for a domain, given the digest of the key authorisation.
pub(crate) fn answer(domain: &str, digest: &[u8]) -> Result<TlsAnswer, AcmeError> {
    let failed = |error: rcgen::Error| AcmeError::Crypto(error.to_string());
    if digest.len() != DIGEST_BYTES {
        return Err(AcmeError::Crypto("the key authorisation's digest has no 32 bytes".to_owned()));
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut wanted = CertificateParams::new(vec![domain.to_owned()]).map_err(failed)?;
    wanted.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = wanted.self_signed(&key).map_err(failed)?;
    Ok(TlsAnswer { certificate: certificate.der().to_vec(), private_key: key.serialize_der() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_carries_the_digest_in_a_critical_extension_and_the_name() {
        let made = answer("a.example", &[7; 32]).unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(&made.certificate).unwrap();
        let found = |e: &&x509_parser::extensions::X509Extension<'_>| {
            e.oid.to_id_string() == "1.3.6.1.5.5.7.1.31"
        };
        let extension = parsed.extensions().iter().find(found).unwrap();
        assert!(extension.critical);
        assert_eq!(extension.value, [&[4, 32][..], &[7; 32]].concat());
        let names = parsed.subject_alternative_name().unwrap().unwrap();
        assert!(format!("{:?}", names.value.general_names).contains("a.example"));
    }

    #[test]
    fn another_length_is_an_error() {
        assert!(answer("a.example", &[7; 20]).is_err());
    }
}
