//! Rankings, whose dialect is Cohere's own.

use tollgate_neutral::write;

use crate::bindings::exports::tollgate::policy::translation::{
    Edit, Reading, UpstreamBody, UpstreamRequest,
};
use crate::request;

/// The dialect.
pub(crate) const DIALECT: &str = "rerank";

/// Members that speak to the gateway.
const GATEWAY_MEMBERS: [&str; 6] = [
    "metadata",
    "litellm_metadata",
    "mock_response",
    "fallbacks",
    "disable_fallbacks",
    "drop_params",
];

/// The client's own request for the deployment's model.
pub(crate) fn request(model: &str) -> UpstreamRequest {
    let mut edits = vec![Edit { member: "model".into(), value: Some(write::text(model)) }];
    edits.extend(GATEWAY_MEMBERS.map(|name| Edit { member: name.into(), value: None }));
    request::upstream("/v2/rerank", UpstreamBody::Edited(edits), Reading::PassThrough)
}
