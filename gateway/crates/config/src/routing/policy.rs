//! `retry_policy` and `allowed_fails_policy`: figures by class of failure.

use tollgate_routing::Policy;

use super::ATTEMPTS_MAX;
use crate::reader::Field;

/// Reads a policy of retries.
pub(super) fn retries(field: &Field<'_>) -> Policy {
    let Some(mut section) = field.section() else { return Policy::default() };
    let mut read = |key| section.take(key).figure(0..=ATTEMPTS_MAX);
    let policy = Policy {
        bad_request: read("BadRequestErrorRetries"),
        authentication: read("AuthenticationErrorRetries"),
        timeout: read("TimeoutErrorRetries"),
        rate_limit: read("RateLimitErrorRetries"),
        content_policy: read("ContentPolicyViolationErrorRetries"),
        internal: read("InternalServerErrorRetries"),
        overloaded: read("ServiceUnavailableErrorRetries"),
    };
    section.close(&[]);
    policy
}

/// Reads a policy of failures that are put up with.
pub(super) fn allowed_fails(field: &Field<'_>) -> Policy {
    let Some(mut section) = field.section() else { return Policy::default() };
    let mut read = |key| section.take(key).figure(0..=u32::MAX);
    let policy = Policy {
        bad_request: read("BadRequestErrorAllowedFails"),
        authentication: read("AuthenticationErrorAllowedFails"),
        timeout: read("TimeoutErrorAllowedFails"),
        rate_limit: read("RateLimitErrorAllowedFails"),
        content_policy: read("ContentPolicyViolationErrorAllowedFails"),
        internal: read("InternalServerErrorAllowedFails"),
        overloaded: read("ServiceUnavailableErrorAllowedFails"),
    };
    section.close(&[]);
    policy
}
