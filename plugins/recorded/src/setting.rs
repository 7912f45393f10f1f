//! What the host says of a call and its deployment.

use std::collections::BTreeMap;

use serde::Deserialize;
use tollgate_sdk::types::{Call, Candidate};

/// The id of the deployment in every case.
const DEPLOYMENT: &str = "one";

/// What a case says of its call and deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setting {
    /// The dialect of the request.
    pub dialect: String,
    /// The provider name of the deployment; empty: the component's first.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// Whether the client wants a stream.
    pub streamed: bool,
    /// Whether parameters may be dropped.
    pub drop_params: bool,
    /// The client's cap.
    pub client_cap: Option<u64>,
    /// The admission's cap.
    pub output_cap: Option<u64>,
    /// The most that the deployment can answer.
    pub output_max: Option<u64>,
    /// Options of the deployment.
    pub options: BTreeMap<String, String>,
}

// === impl Setting ===

impl Default for Setting {
    fn default() -> Self {
        Self {
            dialect: "openai-chat".into(),
            provider: String::new(),
            model: "model".into(),
            streamed: false,
            drop_params: false,
            client_cap: None,
            output_cap: None,
            output_max: None,
            options: BTreeMap::new(),
        }
    }
}

impl Setting {
    /// The call as the host tells it.
    pub fn call(&self) -> Call {
        Call {
            id: "0190b36e-0000-7000-8000-000000000000".into(),
            dialect: self.dialect.clone(),
            model: "mine".into(),
            streamed: self.streamed,
            input_bound: 1,
            output_cap: self.client_cap,
            choices: 1,
            candidates: vec![Candidate {
                deployment: DEPLOYMENT.into(),
                output_max: self.output_max,
            }],
        }
    }

    /// The id of the deployment.
    pub fn deployment_id(&self) -> String {
        DEPLOYMENT.into()
    }
}
