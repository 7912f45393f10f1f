//! What an account says to get a token: a JSON Web Token, signed RS256.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use super::account::ServiceAccount;
use super::endpoint::TokenError;

/// The longest that Google lets an assertion be valid, and a token live.
const VALID_SECONDS: u64 = 3600;

#[derive(Serialize)]
struct Head<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

/// The form to post to the token endpoint. As secret as a token.
pub(super) fn form(
    account: &ServiceAccount,
    scope: &str,
    unix_seconds: u64,
) -> Result<String, TokenError> {
    let head = Head { alg: "RS256", typ: "JWT", kid: account.key_id.as_deref() };
    let claims = Claims {
        iss: &account.email,
        scope,
        aud: &account.token_uri,
        iat: unix_seconds,
        exp: unix_seconds.saturating_add(VALID_SECONDS),
    };
    let mut token = format!("{}.{}", part(&head)?, part(&claims)?);
    let signer = account.signer().ok_or(TokenError::Unsigned)?;
    let signature = signer.sign(token.as_bytes()).map_err(|_| TokenError::Unsigned)?;
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={token}"
    ))
}

fn part(value: &impl Serialize) -> Result<String, TokenError> {
    let json = serde_json::to_vec(value).map_err(|_| TokenError::Unsigned)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
}
