//! What every request to Anthropic has in common.

use crate::bindings::exports::tollgate::policy::translation::{
    CredentialScheme, Reading, UpstreamBody, UpstreamRequest,
};

/// Where messages are answered.
pub(crate) const MESSAGES_PATH: &str = "/v1/messages";

/// The only version of the API there has been since 2023.
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// A request that loses nothing of the client's.
pub(crate) fn upstream(path: &str, body: UpstreamBody, reading: Reading) -> UpstreamRequest {
    UpstreamRequest {
        method: "POST".into(),
        path: path.into(),
        headers: vec![(VERSION.0.into(), VERSION.1.into())],
        body,
        credential: Some(CredentialScheme::Header("x-api-key".into())),
        reading,
        dropped: Vec::new(),
    }
}
