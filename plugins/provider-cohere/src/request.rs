//! What every request to Cohere has in common.

use crate::bindings::exports::tollgate::policy::translation::{
    CredentialScheme, Reading, UpstreamBody, UpstreamRequest,
};

/// A request that loses nothing of the client's.
pub(crate) fn upstream(path: &str, body: UpstreamBody, reading: Reading) -> UpstreamRequest {
    UpstreamRequest {
        method: "POST".into(),
        path: path.into(),
        headers: Vec::new(),
        body,
        credential: Some(CredentialScheme::Bearer),
        reading,
        dropped: Vec::new(),
    }
}
