//! Asking the token endpoint, and reading what it says.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tollgate_config::Secret;

/// How long a token serves whose life is not told.
const LIFE_DEFAULT: Duration = Duration::from_secs(3600);

/// A token that claims to live longer than this is renewed nevertheless.
const LIFE_MAX: Duration = Duration::from_secs(12 * 3600);

/// Characters of an endpoint's own words that are handed on.
const SAID_CHARS_MAX: usize = 300;

/// How requests get to the token endpoint.
#[async_trait]
pub trait TokenEndpoint: Send + Sync {
    /// Posts a form (`application/x-www-form-urlencoded`) to a URL and gives the answer, of whatever
    /// status, with at most 64 KiB of its body. Ends in bounded time. The form is a secret: it must
    /// not be in the error, which says why there is no answer.
    async fn post_form(&self, url: &str, form: String) -> Result<FetchedAnswer, String>;
}

/// What the token endpoint answered. Has no `Debug`: it holds a token.
pub struct FetchedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no token. The same failure is told to everyone who waited for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The assertion could not be signed.
    #[error("the service account's assertion cannot be signed")]
    Unsigned,
    /// No answer.
    #[error("no Google token: {url} cannot be asked: {why}")]
    Unreachable {
        /// The endpoint.
        url: String,
        /// What happened.
        why: String,
    },
    /// The endpoint refused.
    #[error("no Google token: {url} answered {status}{said}")]
    Refused {
        /// The endpoint.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Its own words, after `: `; empty if it had none.
        said: String,
    },
    /// The answer has no token that can be sent.
    #[error("no Google token: the answer of {url} cannot be understood")]
    Malformed {
        /// The endpoint.
        url: String,
    },
    /// More scopes than any provider has use for.
    #[error("too many different scopes are asked for")]
    TooManyScopes,
}

/// A token and how long it lives.
pub(super) struct Granted {
    pub(super) token: Secret,
    pub(super) life: Duration,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: String,
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct WireRefusal {
    error: String,
    error_description: Option<String>,
}

/// Reads the endpoint's answer.
pub(super) fn granted(url: &str, answer: &FetchedAnswer) -> Result<Granted, TokenError> {
    if answer.status != 200 {
        let said = refusal(&answer.body);
        return Err(TokenError::Refused { url: url.to_owned(), status: answer.status, said });
    }
    let malformed = || TokenError::Malformed { url: url.to_owned() };
    let wire: WireToken = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
    // Google pads some tokens with dots; nothing but spaces and controls is out of the question.
    if wire.access_token.is_empty() || !wire.access_token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed());
    }
    let life = wire.expires_in.map_or(LIFE_DEFAULT, Duration::from_secs).min(LIFE_MAX);
    Ok(Granted { token: Secret::new(wire.access_token), life })
}

/// The endpoint's words, as far as they are in the form that OAuth gives them. Nothing else of the
/// body is shown.
fn refusal(body: &[u8]) -> String {
    let Ok(wire) = serde_json::from_slice::<WireRefusal>(body) else { return String::new() };
    let words = match wire.error_description {
        Some(description) => format!("{}: {description}", wire.error),
        None => wire.error,
    };
    let plain = words.chars().filter(|c| !c.is_control()).take(SAID_CHARS_MAX);
    format!(": {}", plain.collect::<String>())
}
