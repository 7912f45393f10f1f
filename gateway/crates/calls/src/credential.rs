//! The only place where a provider's credential is put into a request, which goes to the
//! deployment's own endpoint.

use std::sync::Arc;
use std::time::SystemTime;

use http::{HeaderName, HeaderValue, header};
use tollgate_credentials::{AwsKeys, AwsScope, GoogleTokens, Signable};
use tollgate_host::CredentialScheme;
use tollgate_upstream::{Endpoint, Outgoing};

/// What a deployment proves itself with. Leaves this process only towards its endpoint.
#[derive(Clone, Default)]
pub struct Credential {
    /// A key that is sent as it is.
    pub key: Option<String>,
    /// Keys of AWS, which sign.
    pub aws: Option<Arc<AwsKeys>>,
    /// Tokens of a Google service account.
    pub google: Option<Arc<GoogleTokens>>,
}

/// Why a request has no credential.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialError {
    /// The component or the deployment is at fault; for the log.
    #[error("{0}")]
    Unusable(String),
    /// The credential was refused, or the deployment has none of the kind; told to the client, too.
    #[error("{0}")]
    Absent(String),
}

// === impl Credential ===

impl Credential {
    /// Puts it where the scheme says. A scheme for a key is passed over where there is none: a
    /// server of one's own needs none.
    pub(crate) async fn put(
        &self,
        scheme: &CredentialScheme,
        endpoint: Option<&Endpoint>,
        outgoing: &mut Outgoing,
    ) -> Result<(), CredentialError> {
        match scheme {
            CredentialScheme::Bearer | CredentialScheme::Header(_) | CredentialScheme::Query(_) => {
                self.key.as_deref().map_or(Ok(()), |key| put_key(scheme, key, outgoing))
            }
            CredentialScheme::Sigv4(scope) => {
                let keys = self.aws.as_ref().ok_or_else(|| absent("AWS keys"))?;
                let scope = AwsScope { service: &scope.service, region: &scope.region };
                sign(keys, scope, endpoint, outgoing)
            }
            CredentialScheme::GoogleToken(scope) => {
                let tokens = self.google.as_ref().ok_or_else(|| absent("Google account"))?;
                let token = tokens.authorization(scope).await;
                let token = token.map_err(|why| CredentialError::Absent(why.to_string()))?;
                outgoing.headers.push((header::AUTHORIZATION, token));
                Ok(())
            }
        }
    }
}

fn absent(what: &str) -> CredentialError {
    CredentialError::Absent(format!("the deployment has no {what}"))
}

fn sign(
    keys: &AwsKeys,
    scope: AwsScope<'_>,
    endpoint: Option<&Endpoint>,
    outgoing: &mut Outgoing,
) -> Result<(), CredentialError> {
    let endpoint = endpoint.ok_or_else(|| absent("endpoint"))?;
    let (authority, method) = (endpoint.authority(), outgoing.method.clone());
    let target = format!("{}{}", endpoint.base_path(), outgoing.path);
    let request = Signable {
        method: method.as_str(),
        authority: &authority,
        target: &target,
        headers: &outgoing.headers,
        body: &outgoing.body,
    };
    let signed = keys.sign(scope, &request, SystemTime::now());
    let added = signed.map_err(|why| CredentialError::Unusable(why.to_string()))?;
    outgoing.headers.extend(added);
    Ok(())
}

fn put_key(
    scheme: &CredentialScheme,
    key: &str,
    outgoing: &mut Outgoing,
) -> Result<(), CredentialError> {
    let unusable = |why: &str| CredentialError::Unusable(why.to_owned());
    let secret = |text: &str| {
        let no_header = "the deployment's credential cannot be put into a header";
        let mut value = HeaderValue::from_str(text).map_err(|_| unusable(no_header))?;
        value.set_sensitive(true);
        Ok(value)
    };
    match scheme {
        CredentialScheme::Bearer => {
            let value = secret(&format!("Bearer {key}"))?;
            outgoing.headers.push((header::AUTHORIZATION, value));
        }
        CredentialScheme::Header(name) => {
            let no_name = || unusable(&format!("`{name}` is no header"));
            let parsed = HeaderName::try_from(name).map_err(|_| no_name())?;
            outgoing.headers.push((parsed, secret(key)?));
        }
        CredentialScheme::Query(name) => {
            let path = &mut outgoing.path;
            path.push(if path.contains('?') { '&' } else { '?' });
            percent_encode(path, name);
            path.push('=');
            percent_encode(path, key);
        }
        CredentialScheme::Sigv4(_) | CredentialScheme::GoogleToken(_) => {}
    }
    Ok(())
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
mod tests {
    use bytes::Bytes;

    use super::*;

    fn outgoing() -> Outgoing {
        Outgoing {
            method: http::Method::POST,
            path: "/x?a=1".to_owned(),
            headers: Vec::new(),
            body: Bytes::from_static(b"{}"),
            read_timeout: std::time::Duration::from_secs(1),
        }
    }

    async fn put(credential: &Credential, scheme: CredentialScheme) -> Outgoing {
        let endpoint = Endpoint::parse("https://bedrock.example/base").unwrap();
        let mut outgoing = outgoing();
        credential.put(&scheme, Some(&endpoint), &mut outgoing).await.unwrap();
        outgoing
    }

    #[tokio::test]
    async fn a_key_goes_where_the_scheme_says() {
        let credential = Credential { key: Some("a b&c".to_owned()), ..Credential::default() };
        let bearer = put(&credential, CredentialScheme::Bearer).await;
        assert_eq!(bearer.headers[0].1, "Bearer a b&c");
        let named = put(&credential, CredentialScheme::Header("Api-Key".to_owned())).await;
        assert_eq!(named.headers[0].0.as_str(), "api-key");
        assert!(named.headers[0].1.is_sensitive() && bearer.headers[0].1.is_sensitive());
        let query = put(&credential, CredentialScheme::Query("key".to_owned())).await;
        assert_eq!(query.path, "/x?a=1&key=a%20b%26c");
        let none = put(&Credential::default(), CredentialScheme::Bearer).await;
        assert!(none.headers.is_empty());
    }

    #[tokio::test]
    async fn aws_keys_sign_and_their_absence_is_told() {
        let keys = |name: &str| match name {
            "aws_access_key_id" => Some("AKIDEXAMPLE".to_owned()),
            "aws_secret_access_key" => Some("secret".to_owned()),
            _ => None,
        };
        let aws = AwsKeys::find(&keys, &|_| None).unwrap();
        let credential = Credential { aws: Some(Arc::new(aws)), ..Credential::default() };
        let scope = tollgate_host::AwsScope {
            service: "bedrock".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let scheme = CredentialScheme::Sigv4(scope);
        let signed = put(&credential, scheme.clone()).await;
        let names: Vec<_> = signed.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x-amz-date", "authorization"]);
        let refused = Credential::default().put(&scheme, None, &mut outgoing()).await;
        assert!(matches!(refused, Err(CredentialError::Absent(_))));
    }
}
