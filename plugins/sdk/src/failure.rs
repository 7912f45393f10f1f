//! Failures that providers have in common.

use crate::types::{Failure, FailureKind};

/// What a decoder says that has nothing to decode, because the provider's answers pass through.
pub fn undecodable() -> Failure {
    Failure {
        kind: FailureKind::Malformed,
        message: "This provider's answers are not translated.".into(),
        param: None,
        code: None,
    }
}
