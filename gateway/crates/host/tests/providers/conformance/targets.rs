//! A deployment of every provider name whose requests are translated.

use tollgate_domain::{Call, CallId, Candidate, Dialect};
use tollgate_host::Target;

/// A deployment.
pub(super) struct Row {
    /// The component.
    pub(super) component: &'static str,
    /// The provider name.
    pub(super) name: &'static str,
    /// A model.
    pub(super) model: &'static str,
    /// Its options.
    pub(super) options: &'static [(&'static str, &'static str)],
}

const fn row(component: &'static str, name: &'static str, model: &'static str) -> Row {
    Row { component, name, model, options: &[] }
}

const VERTEX: &[(&str, &str)] =
    &[("vertex_project", "a-project"), ("vertex_location", "europe-west1")];
const REGION: &[(&str, &str)] = &[("aws_region_name", "eu-central-1")];

/// The deployments. Models of a name that differ in what they take have a row each.
pub(super) const ROWS: &[Row] = &[
    row("anthropic", "anthropic", "claude-3-5-sonnet-20241022"),
    row("anthropic", "anthropic", "claude-sonnet-4-5"),
    row("anthropic", "anthropic", "claude-opus-5-5"),
    row("cohere", "cohere", "command-a-03-2025"),
    row("cohere", "cohere_chat", "command-a-reasoning-08-2025"),
    row("gemini", "gemini", "gemini-2.5-pro"),
    Row { options: VERTEX, ..row("gemini", "vertex_ai", "gemini-3-flash") },
    Row { options: REGION, ..row("bedrock", "bedrock", "anthropic.claude-sonnet-4-5-v1:0") },
    Row { options: REGION, ..row("bedrock", "bedrock", "amazon.nova-pro-v1:0") },
    Row { options: REGION, ..row("bedrock", "bedrock_converse", "openai.gpt-oss-120b-1:0") },
];

// === impl Row ===

impl Row {
    /// The deployment as its provider is told.
    pub(super) fn target(&self, drop_params: bool) -> Target {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Target {
            id: "one".to_owned(),
            provider: self.name.to_owned(),
            model: self.model.to_owned(),
            mock_response: None,
            options: self.options.iter().map(owned).collect(),
            drop_params,
        }
    }

    /// What failures of this row begin with.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.name, self.model)
    }
}

/// A call of the neutral dialect.
pub(super) fn call(streamed: bool) -> Call {
    Call {
        id: CallId::generate(),
        dialect: Dialect::OpenaiChat,
        model: "mine".to_owned(),
        streamed,
        input_bound: 1000,
        output_cap: None,
        choices: 1,
        candidates: vec![Candidate { deployment: "one".to_owned(), output_max: Some(8192) }],
    }
}
