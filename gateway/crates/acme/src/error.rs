//! What can go wrong, in words for the operator.

use std::path::{Path, PathBuf};

/// How much of a CA's own words is repeated.
const TOLD_CHARS_MAX: usize = 400;

/// A certificate could not be issued, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// A setting is wrong: nothing was started.
    #[error("acme.{setting}: {why}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// There is no tokio runtime to run in.
    #[error("certificates are renewed by a task, and there is no runtime to run it")]
    NoRuntime,
    /// A file or folder cannot be read or written.
    #[error("{path} cannot be used: {source}", path = path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what was written to it.
    #[error("{path} is damaged: {why}", path = path.display())]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The CA refused, or was not reached.
    #[error("{doing}: {why}")]
    Ca {
        /// What was being done.
        doing: &'static str,
        /// What the CA or the connection to it said.
        why: String,
    },
    /// The CA does not know the account.
    #[error("the CA does not know the account: {0}")]
    UnknownAccount(String),
    /// The CA could not verify that a domain is served from here.
    #[error("{domain} was not verified by {challenge}: {why}")]
    Unverified {
        /// The domain.
        domain: String,
        /// How it was to be verified.
        challenge: &'static str,
        /// What the CA said.
        why: String,
    },
    /// The order took too long.
    #[error("the order was not completed within {0} s")]
    TooLong(u64),
    /// A key, a request or an answer to a challenge could not be made.
    #[error("no key or certificate request could be made: {0}")]
    Crypto(String),
    /// What the CA issued cannot be used.
    #[error("the CA's certificate cannot be used: {0}")]
    Unusable(String),
}

impl AcmeError {
    pub(crate) fn file(path: &Path) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }

    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.to_string() }
    }

    /// A failure of the ACME library, which may repeat what the CA wrote.
    pub(crate) fn ca(doing: &'static str, error: &instant_acme::Error) -> Self {
        let why = told(&reasons(error));
        if is_problem(error, "accountDoesNotExist") {
            return Self::UnknownAccount(why);
        }
        Self::Ca { doing, why }
    }
}

/// Whether the CA's answer is a problem of this type (RFC 8555, 6.7).
pub(crate) fn is_problem(error: &instant_acme::Error, kind: &str) -> bool {
    let instant_acme::Error::Api(problem) = error else { return false };
    let whole = problem.r#type.as_deref().unwrap_or_default();
    whole.strip_prefix("urn:ietf:params:acme:error:") == Some(kind)
}

/// What a stranger wrote, fit for one line of a log.
pub(crate) fn told(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(TOLD_CHARS_MAX).map(plain).collect()
}

/// An error with the errors it was caused by.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_stay_on_one_line_and_end() {
        assert_eq!(told("no\r\nsuch\tname\u{1b}[31m"), "no  such name [31m");
        assert_eq!(told(&"x".repeat(5000)).chars().count(), TOLD_CHARS_MAX);
    }

    #[test]
    fn causes_are_told_once() {
        let inner = std::io::Error::other("refused");
        let error = AcmeError::File { path: "/data/acme".into(), source: inner };
        assert_eq!(reasons(&error), "/data/acme cannot be used: refused");
    }
}
