//! A service account as Google's console hands it out: a JSON file with a private key.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{Signer, SigningKey};
use serde::Deserialize;

const DEFAULT_TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const SERVICE_ACCOUNT: &str = "service_account";

/// Bytes of a file that is read. A real one has less than 3 KiB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A service account that can sign.
pub struct ServiceAccount {
    pub(super) email: String,
    pub(super) key_id: Option<String>,
    pub(super) token_uri: String,
    project: Option<String>,
    key: Arc<dyn SigningKey>,
}

/// Why there is no service account. Never holds what a file says.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Neither the deployment nor the environment names one.
    #[error(
        "no Google service account: set `vertex_credentials` of the deployment or {VARIABLE} in \
         the environment"
    )]
    Absent,
    /// The file cannot be read.
    #[error("the service account file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no service account's.
    #[error("the service account file {path} is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// Not the JSON that is expected. The place is told, not what is there.
    #[error(
        "the service account is not the JSON of one: {problem} at line {line}, column {column}"
    )]
    Json {
        /// What kind of mistake it is.
        problem: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Credentials of another kind.
    #[error("Google credentials of type `service_account` are expected, not of another type")]
    OtherType,
    /// The key is not one that signs RS256.
    #[error("the service account's `private_key` is no RSA key in PEM")]
    Key,
    /// The token endpoint would get the assertion in clear.
    #[error("the service account's `token_uri` is not an https URL")]
    TokenUri,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
    project_id: Option<String>,
}

// === impl ServiceAccount ===

impl ServiceAccount {
    /// Finds a deployment's account: `configured` is its `vertex_credentials`, JSON or the path of
    /// a file; without it, the file that `GOOGLE_APPLICATION_CREDENTIALS` names. Reads files: for
    /// the start and for reloads, not for calls.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub fn find(
        configured: Option<&str>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, AccountError> {
        let named = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        match configured.and_then(named) {
            Some(json) if json.starts_with('{') => Self::parse(&json),
            Some(path) => Self::load(Path::new(&path)),
            None => {
                let path = environment(VARIABLE).as_deref().and_then(named);
                Self::load(Path::new(&path.ok_or(AccountError::Absent)?))
            }
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub fn load(path: &Path) -> Result<Self, AccountError> {
        let shown = || path.display().to_string();
        let unreadable = |source| AccountError::Unreadable { path: shown(), source };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            return Err(AccountError::TooLarge { path: shown() });
        }
        Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// Reads the JSON of a service account.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub fn parse(json: &str) -> Result<Self, AccountError> {
        // The type is looked at first: other kinds lack members, which would be complained about.
        let Kind { kind } = serde_json::from_str(json).map_err(of_json)?;
        if kind.is_some_and(|kind| kind != SERVICE_ACCOUNT) {
            return Err(AccountError::OtherType);
        }
        let wire: Wire = serde_json::from_str(json).map_err(of_json)?;
        let token_uri = wire.token_uri.unwrap_or_else(|| DEFAULT_TOKEN_URI.to_owned());
        if !is_private(&token_uri) {
            return Err(AccountError::TokenUri);
        }
        Ok(Self {
            email: wire.client_email,
            key_id: wire.private_key_id,
            token_uri,
            project: wire.project_id,
            key: rsa_key(&wire.private_key)?,
        })
    }

    /// The account's name, no secret.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The project that the account belongs to.
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// What signs RS256; [`rsa_key`] has made sure that there is one.
    pub(super) fn signer(&self) -> Option<Box<dyn Signer>> {
        self.key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

fn rsa_key(pem: &str) -> Result<Arc<dyn SigningKey>, AccountError> {
    let block = pem::parse(pem).map_err(|_| AccountError::Key)?;
    let der = PrivateKeyDer::try_from(block.contents()).map_err(|_| AccountError::Key)?;
    let key = any_supported_type(&der).map_err(|_| AccountError::Key)?;
    let signs = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).is_some();
    if signs { Ok(key) } else { Err(AccountError::Key) }
}

/// Whether nobody on the way can read what is sent: https, or this machine.
fn is_private(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => matches!(host, "127.0.0.1" | "[::1]" | "localhost"),
        _ => false,
    }
}

/// The mistake without the text around it: serde_json quotes values.
fn of_json(error: serde_json::Error) -> AccountError {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "a member is missing or of another type",
        _ => "bad syntax",
    };
    AccountError::Json { problem, line: error.line(), column: error.column() }
}
