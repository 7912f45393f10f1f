//! Certificates of a throw-away authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate authority that lives as long as a test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate for `localhost` and `127.0.0.1`, with its key.
pub struct Certificate {
    /// The certificate, as PEM.
    pub certificate: String,
    /// The private key, as PEM.
    pub private_key: String,
}

impl Authority {
    /// Makes an authority with a new key.
    #[expect(clippy::new_without_default, reason = "a new key is not a default")]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names to be wrong");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Tollgate test authority");
        let key = KeyPair::generate().expect("a key pair");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a self-signed authority");
        Self { issuer }
    }

    /// The authority's own certificate, as PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Issues a certificate for the loopback names.
    pub fn issue(&self) -> Certificate {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).expect("two valid names");
        let key = KeyPair::generate().expect("a key pair");
        let certificate = params.signed_by(&key, &self.issuer).expect("a signed certificate");
        Certificate { certificate: certificate.pem(), private_key: key.serialize_pem() }
    }

    /// Writes the authority's certificate into a folder and gives its path.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("authority.pem");
        std::fs::write(&path, self.pem()).expect("the authority's file");
        path
    }
}

impl Certificate {
    /// Writes both files into a folder: `(certificate, private key)`.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let paths = (folder.join("certificate.pem"), folder.join("private-key.pem"));
        std::fs::write(&paths.0, &self.certificate).expect("the certificate's file");
        std::fs::write(&paths.1, &self.private_key).expect("the key's file");
        paths
    }

    /// What a TLS server needs.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let chain = vec![CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(self.private_key.as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate that fits its key");
        Arc::new(config)
    }
}
