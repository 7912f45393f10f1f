//! AWS's Signature Version 4, in headers, for services that want the path encoded twice: all but
//! S3.

mod canonical;
mod keys;

pub use keys::{AwsKeys, AwsKeysError};

use std::fmt::Write;
use std::time::SystemTime;

use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue, header};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsScope<'a> {
    /// The service, such as `bedrock`.
    pub service: &'a str,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
}

/// A request as it will be sent. What is signed must arrive unchanged: give only headers that
/// nothing on the way rewrites.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The value of the `host` header.
    pub authority: &'a str,
    /// Path and query as they are sent, percent-encoded.
    pub target: &'a str,
    /// The headers to sign beside `host` and those that the signature adds.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// The whole body.
    pub body: &'a [u8],
}

/// Why a request cannot be signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// A header's value is not text.
    #[error("the header `{0}` cannot be signed: its value is not text")]
    Header(HeaderName),
    /// The clock shows a year that AWS has no notation for.
    #[error("the machine's clock shows no time that AWS can read")]
    Clock,
    /// The key's id, the session token, the service or the region has characters that no header
    /// can carry. Not told: they may be secret.
    #[error("the AWS credential cannot be put into a header")]
    Unprintable,
}

// === impl AwsKeys ===

impl AwsKeys {
    /// The headers to add to a request: `x-amz-date`, `x-amz-security-token` if there is a session
    /// token, and `authorization`. The last two are marked as sensitive. AWS accepts the signature
    /// for about five minutes around `at`.
    ///
    /// # Errors
    ///
    /// See [`SignatureError`].
    pub fn sign(
        &self,
        scope: AwsScope<'_>,
        request: &Signable<'_>,
        at: SystemTime,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignatureError> {
        let stamp = stamp(at)?;
        let mut added = vec![(DATE, printable(&stamp)?)];
        if let Some(token) = self.session_token() {
            added.push((SECURITY_TOKEN, sensitive(token)?));
        }
        let day = stamp.split('T').next().unwrap_or_default();
        let credential_scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
        let canonical = canonical::Canonical::of(request, &added)?;
        let digest = hex(&Sha256::digest(canonical.text.as_bytes()));
        let to_sign = format!("{ALGORITHM}\n{stamp}\n{credential_scope}\n{digest}");
        let signature = hex(&mac(&self.key_of(day, scope), &to_sign));
        let authorization = format!(
            "{ALGORITHM} Credential={}/{credential_scope}, SignedHeaders={}, Signature={signature}",
            self.id(),
            canonical.signed_headers,
        );
        added.push((header::AUTHORIZATION, sensitive(&authorization)?));
        Ok(added)
    }

    /// The key that signs for a day, a region and a service.
    fn key_of(&self, day: &str, scope: AwsScope<'_>) -> [u8; 32] {
        let first = mac(format!("AWS4{}", self.secret()).as_bytes(), day);
        let regional = mac(&first, scope.region);
        mac(&mac(&regional, scope.service), "aws4_request")
    }
}

/// The time as `20150830T123600Z`.
fn stamp(at: SystemTime) -> Result<String, SignatureError> {
    let time = Timestamp::try_from(at).map_err(|_| SignatureError::Clock)?.to_zoned(TimeZone::UTC);
    if !(0..=9999).contains(&time.year()) {
        return Err(SignatureError::Clock);
    }
    let mut text = format!("{:04}{:02}{:02}T", time.year(), time.month(), time.day());
    text.push_str(&format!("{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second()));
    Ok(text)
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    // A key of any length will do: the error type is there for other algorithms.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn printable(text: &str) -> Result<HeaderValue, SignatureError> {
    HeaderValue::from_str(text).map_err(|_| SignatureError::Unprintable)
}

fn sensitive(text: &str) -> Result<HeaderValue, SignatureError> {
    let mut value = printable(text)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
