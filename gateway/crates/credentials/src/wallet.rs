//! Everything that a deployment can identify itself with, and the one place where it is written
//! into a request.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::{HeaderName, HeaderValue, header};
use tollgate_config::Secret;

use crate::google::{AccountError, Clock, GoogleTokens, ServiceAccount, TokenEndpoint, TokenError};
use crate::sigv4::{AwsKeys, AwsKeysError, AwsScope, Signable, SignatureError};

/// Headers of this kind are the service's own, and are signed.
const AWS_HEADERS: &str = "x-amz-";

/// Shorter keys are words that stand anywhere; nobody's provider has them.
const SECRET_BYTES_MIN: usize = 8;

/// What stands in a secret's place.
const MASK: &str = "***";

/// Where a deployment's credentials may be found.
pub struct Sources<'a> {
    /// Its `api_key`, or what the variable of its provider holds.
    pub key: Option<Secret>,
    /// Secrets among its `litellm_params`, by their names.
    pub settings: &'a dyn Fn(&str) -> Option<String>,
    /// Variables of the process.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// Where a provider wants the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `Authorization: Bearer …`.
    Bearer,
    /// A header of this name.
    Header(&'a str),
    /// A query parameter of this name.
    Query(&'a str),
    /// A signature of AWS's version 4.
    Sigv4(AwsScope<'a>),
    /// A token of the deployment's Google service account, for this scope.
    GoogleToken(&'a str),
}

/// A request, complete but for the credential.
pub struct Addressed<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The value of the `host` header.
    pub authority: &'a str,
    /// The path of the deployment's base, before `path`.
    pub base_path: &'a str,
    /// Path and query, which may get a parameter.
    pub path: &'a mut String,
    /// The headers, which may get more.
    pub headers: &'a mut Vec<(HeaderName, HeaderValue)>,
    /// The whole body.
    pub body: &'a [u8],
}

/// Why a request cannot be sent with its credential. Tells no secret.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The credential has characters that no header can carry.
    #[error("the deployment's credential cannot be put into a header")]
    Unprintable,
    /// The provider named a header that is none.
    #[error("`{0}` is no header")]
    NoHeader(String),
    /// There are no AWS keys.
    #[error(transparent)]
    AwsKeys(AwsKeysError),
    /// The request cannot be signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// There is no service account; the text says why.
    #[error("{0}")]
    Account(String),
    /// There is no token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// What requests to AWS are identified with.
enum Aws {
    /// Keys that sign.
    Keys(AwsKeys),
    /// A key of the service's own, which is sent as a bearer token.
    Bearer(Secret),
    /// Nothing.
    Absent(AwsKeysError),
}

/// A deployment's credentials. What is missing matters only once a provider asks for it.
pub struct Wallet {
    key: Option<Secret>,
    aws: Aws,
    google: Result<GoogleTokens, AccountError>,
}

// === impl Wallet ===

impl Wallet {
    /// Looks for the credentials. Reads the file of a service account, if one is named: for the
    /// start and for reloads, not for calls. `endpoint` is asked for tokens when one is needed.
    pub fn open(
        sources: Sources<'_>,
        endpoint: Arc<dyn TokenEndpoint>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Sources { key, settings, environment } = sources;
        let aws = match (settings("aws_access_key_id"), &key) {
            (None, Some(key)) => Aws::Bearer(key.clone()),
            _ => AwsKeys::find(settings, environment).map_or_else(Aws::Absent, Aws::Keys),
        };
        let account = ServiceAccount::find(settings("vertex_credentials").as_deref(), environment);
        let google = account.map(|account| GoogleTokens::new(account, endpoint, clock));
        Self { key, aws, google }
    }

    /// What is wrong with a credential that was given. One that is absent is no fault before a
    /// provider asks for it.
    pub fn fault(&self) -> Option<String> {
        let aws = match &self.aws {
            Aws::Absent(why @ AwsKeysError::Half { .. }) => Some(why.to_string()),
            Aws::Keys(_) | Aws::Bearer(_) | Aws::Absent(AwsKeysError::Absent) => None,
        };
        let given = |why: &&AccountError| !matches!(why, AccountError::Absent);
        aws.or_else(|| self.google.as_ref().err().filter(given).map(ToString::to_string))
    }

    /// A text of somebody else's without what this wallet keeps secret, should it stand there.
    pub fn masked(&self, text: String) -> String {
        let mut masked = text;
        for secret in self.secrets().filter(|secret| secret.len() >= SECRET_BYTES_MIN) {
            if masked.contains(secret) {
                masked = masked.replace(secret, MASK);
            }
        }
        masked
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        let keys = match &self.aws {
            Aws::Keys(keys) => [Some(keys.secret()), keys.session_token()],
            Aws::Bearer(_) | Aws::Absent(_) => [None, None],
        };
        self.key.as_ref().map(Secret::expose).into_iter().chain(keys.into_iter().flatten())
    }

    /// Writes the credential into a request. A deployment without a key sends none.
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub async fn put(&self, scheme: Scheme<'_>, request: Addressed<'_>) -> Result<(), PutError> {
        match (scheme, &self.key) {
            (Scheme::Bearer, Some(key)) => bearer(key, request.headers),
            (Scheme::Header(name), Some(key)) => {
                let named = HeaderName::try_from(name);
                let name = named.map_err(|_| PutError::NoHeader(name.to_owned()))?;
                request.headers.push((name, sensitive(key.expose())?));
                Ok(())
            }
            (Scheme::Query(name), Some(key)) => {
                request.path.push(if request.path.contains('?') { '&' } else { '?' });
                percent_encode(request.path, name);
                request.path.push('=');
                percent_encode(request.path, key.expose());
                Ok(())
            }
            (Scheme::Bearer | Scheme::Header(_) | Scheme::Query(_), None) => Ok(()),
            (Scheme::Sigv4(scope), _) => self.sign(scope, request),
            (Scheme::GoogleToken(scope), _) => {
                let tokens = self.google.as_ref();
                let tokens = tokens.map_err(|why| PutError::Account(why.to_string()))?;
                request.headers.push((header::AUTHORIZATION, tokens.authorization(scope).await?));
                Ok(())
            }
        }
    }

    fn sign(&self, scope: AwsScope<'_>, request: Addressed<'_>) -> Result<(), PutError> {
        let keys = match &self.aws {
            Aws::Keys(keys) => keys,
            Aws::Bearer(key) => return bearer(key, request.headers),
            Aws::Absent(why) => return Err(PutError::AwsKeys(why.clone())),
        };
        // What nothing on the way has a reason to rewrite.
        let is_signed = |name: &HeaderName| {
            *name == header::CONTENT_TYPE || name.as_str().starts_with(AWS_HEADERS)
        };
        let signed: Vec<_> =
            request.headers.iter().filter(|(name, _)| is_signed(name)).cloned().collect();
        let signable = Signable {
            method: request.method,
            authority: request.authority,
            target: &format!("{}{}", request.base_path, request.path),
            headers: &signed,
            body: request.body,
        };
        request.headers.extend(keys.sign(scope, &signable, SystemTime::now())?);
        Ok(())
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").finish_non_exhaustive()
    }
}

fn bearer(key: &Secret, headers: &mut Vec<(HeaderName, HeaderValue)>) -> Result<(), PutError> {
    headers.push((header::AUTHORIZATION, sensitive(&format!("Bearer {}", key.expose()))?));
    Ok(())
}

fn sensitive(text: &str) -> Result<HeaderValue, PutError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| PutError::Unprintable)?;
    value.set_sensitive(true);
    Ok(value)
}

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests;
