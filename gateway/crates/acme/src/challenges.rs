//! Answers to the CA's questions, for whoever listens on ports 80 and 443.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

/// Answers at one time: a name has one for as long as its order takes.
const ANSWERS_MAX: usize = 1000;

/// What the CA is to be shown in a TLS handshake: a certificate that nobody else would trust.
#[derive(Clone, Eq, PartialEq)]
pub struct TlsAnswer {
    /// The certificate, DER. It is a chain of its own.
    pub certificate: Vec<u8>,
    /// Its private key, PKCS #8 in DER.
    pub private_key: Vec<u8>,
}

impl std::fmt::Debug for TlsAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsAnswer").finish_non_exhaustive()
    }
}

/// The answers that stand at this moment. Clones share them, and several certificates may too.
#[derive(Clone, Debug, Default)]
pub struct Challenges {
    answers: Arc<RwLock<HashMap<Question, Answer>>>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Question {
    Token(String),
    Domain(String),
}

#[derive(Clone)]
enum Answer {
    KeyAuthorization(String),
    Certificate(Arc<TlsAnswer>),
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Challenges {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The path that http-01 asks under, with the token behind it.
    pub const HTTP_PATH: &'static str = "/.well-known/acme-challenge/";

    /// The protocol that a client of tls-alpn-01 offers, alone.
    pub const TLS_PROTOCOL: &'static [u8] = b"acme-tls/1";

    /// The body of a 200 to `GET` [`Self::HTTP_PATH`]`{token}` on port 80, content type
    /// `application/octet-stream`. `None`: nobody waits for this token.
    pub fn http_answer(&self, token: &str) -> Option<String> {
        match self.answers.read().get(&Question::Token(token.to_owned()))? {
            Answer::KeyAuthorization(text) => Some(text.clone()),
            Answer::Certificate(_) => None,
        }
    }

    /// The certificate for a handshake whose only ALPN protocol is [`Self::TLS_PROTOCOL`], by
    /// its server name. The connection ends after the handshake.
    pub fn tls_answer(&self, domain: &str) -> Option<Arc<TlsAnswer>> {
        match self.answers.read().get(&Question::Domain(domain.to_ascii_lowercase()))? {
            Answer::Certificate(answer) => Some(Arc::clone(answer)),
            Answer::KeyAuthorization(_) => None,
        }
    }

    /// Answers a token until the result is dropped. `None`: too many answers already.
    pub(crate) fn present_http(&self, token: &str, answer: String) -> Option<Presented> {
        self.present(Question::Token(token.to_owned()), Answer::KeyAuthorization(answer))
    }

    /// Answers for a domain until the result is dropped. `None`: too many answers already.
    pub(crate) fn present_tls(&self, domain: &str, answer: TlsAnswer) -> Option<Presented> {
        let answer = Answer::Certificate(Arc::new(answer));
        self.present(Question::Domain(domain.to_owned()), answer)
    }

    fn present(&self, question: Question, answer: Answer) -> Option<Presented> {
        let mut answers = self.answers.write();
        if answers.len() >= ANSWERS_MAX {
            return None;
        }
        answers.insert(question.clone(), answer);
        Some(Presented { challenges: self.clone(), question })
    }
}

/// An answer that stands while this lives.
#[must_use]
#[derive(Debug)]
pub(crate) struct Presented {
    challenges: Challenges,
    question: Question,
}

impl Drop for Presented {
    fn drop(&mut self) {
        self.challenges.answers.write().remove(&self.question);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_while_their_order_lives() {
        let challenges = Challenges::new();
        let edge = challenges.clone();
        let presented = challenges.present_http("token", "token.thumb".to_owned()).unwrap();
        assert_eq!(edge.http_answer("token").as_deref(), Some("token.thumb"));
        assert_eq!(edge.http_answer("other"), None);
        assert!(edge.tls_answer("token").is_none());
        drop(presented);
        assert_eq!(edge.http_answer("token"), None);
    }

    #[test]
    fn a_server_name_is_found_in_any_case() {
        let challenges = Challenges::new();
        let answer = TlsAnswer { certificate: vec![1], private_key: vec![2] };
        let presented = challenges.present_tls("a.example", answer.clone()).unwrap();
        assert_eq!(challenges.tls_answer("A.Example").as_deref(), Some(&answer));
        assert!(!format!("{challenges:?}{answer:?}{presented:?}").contains('['));
    }

    #[test]
    fn there_is_an_end_to_answers() {
        let challenges = Challenges::new();
        let present = |number: usize| challenges.present_http(&number.to_string(), String::new());
        let presented: Vec<_> = (0..ANSWERS_MAX).filter_map(present).collect();
        assert_eq!(presented.len(), ANSWERS_MAX);
        assert!(present(ANSWERS_MAX).is_none());
    }
}
