//! Requests that a CA refuses only for their nonce are made again.

use instant_acme::Error;

use crate::error::is_problem;

/// How often. The library makes each request three times by itself: a CA that refuses every
/// second nonce refuses all of these once in a hundred million.
const TIMES_MAX: u32 = 8;

/// Counts refusals of one request.
pub(crate) struct Nonces {
    left: u32,
}

impl Nonces {
    pub(crate) fn new() -> Self {
        Self { left: TIMES_MAX }
    }

    /// Whether this answer is a refusal after which the request is to be made again.
    pub(crate) fn refused<T>(&mut self, answer: &Result<T, Error>) -> bool {
        let refused = matches!(answer, Err(error) if is_problem(error, "badNonce"));
        if !refused || self.left == 0 {
            return false;
        }
        self.left -= 1;
        true
    }
}

/// Awaits a request, and again as long as only its nonce was refused. A macro, since a future
/// that borrows what its closure holds cannot be told to be `Send`.
macro_rules! persist {
    ($ask:expr) => {{
        let mut nonces = $crate::nonce::Nonces::new();
        loop {
            let answer = $ask.await;
            if !nonces.refused(&answer) {
                break answer;
            }
        }
    }};
}

pub(crate) use persist;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_nonces_are_tried_again_and_not_for_ever() {
        for (kind, expected) in [("badNonce", TIMES_MAX + 1), ("rateLimited", 1)] {
            let problem = format!("{{\"type\":\"urn:ietf:params:acme:error:{kind}\"}}");
            let mut asked = 0;
            let answer: Result<(), Error> = persist!(async {
                asked += 1;
                Err(Error::Api(serde_json::from_str(&problem).unwrap()))
            });
            assert!(answer.is_err());
            assert_eq!(asked, expected, "{kind}");
        }
    }
}
