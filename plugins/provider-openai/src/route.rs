//! Where a request of each dialect goes.

use tollgate_sdk::types::Call;

use crate::bindings::exports::tollgate::policy::translation::{CredentialScheme, Deployment};
use crate::names::Kind;

/// What LiteLLM asks Azure for if nothing is configured.
const AZURE_VERSION: &str = "2025-02-01-preview";
/// The same for Azure's models of other makers.
const AZURE_MODELS_VERSION: &str = "2024-05-01-preview";
/// Azure's responses have no deployment in their path, and a version of their own.
const AZURE_RESPONSES_VERSION: &str = "preview";

const RESPONSES: &str = "openai-responses";

/// Path, headers and place of the credential.
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) credential: CredentialScheme,
}

/// The route of a call to a deployment.
pub(crate) fn route(call: &Call, deployment: &Deployment) -> Route {
    let kind = Kind::of(&deployment.provider);
    let operation = operation(&call.dialect);
    let option = |name: &str| {
        let mut options = deployment.options.iter();
        options.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let version = option("api_version");
    match kind {
        Kind::Azure if call.dialect == RESPONSES => {
            azure(&format!("/openai/v1{operation}"), version_of_responses(version))
        }
        Kind::Azure => {
            let model = encoded(&deployment.model);
            let path = format!("/openai/deployments/{model}{operation}");
            azure(&path, version.unwrap_or(AZURE_VERSION))
        }
        Kind::AzureModels => {
            azure(&format!("/models{operation}"), version.unwrap_or(AZURE_MODELS_VERSION))
        }
        Kind::OpenAi | Kind::Like | Kind::LikeUnasked | Kind::Fireworks => {
            let told = [("openai-organization", "organization"), ("openai-project", "project")];
            let headers = told.into_iter().filter_map(|(header, name)| {
                option(name).map(|value| (header.to_owned(), value.to_owned()))
            });
            let headers = headers.collect();
            Route { path: operation.into(), headers, credential: CredentialScheme::Bearer }
        }
    }
}

fn azure(path: &str, version: &str) -> Route {
    Route {
        path: format!("{path}?api-version={}", encoded(version)),
        headers: Vec::new(),
        credential: CredentialScheme::Header("api-key".into()),
    }
}

/// Versions with a date are those of the other paths.
fn version_of_responses(version: Option<&str>) -> &str {
    match version {
        Some(version) if !version.starts_with("20") => version,
        _ => AZURE_RESPONSES_VERSION,
    }
}

fn operation(dialect: &str) -> &'static str {
    match dialect {
        "openai-completions" => "/completions",
        "openai-embeddings" => "/embeddings",
        "openai-responses" => "/responses",
        "openai-moderations" => "/moderations",
        "openai-images" => "/images/generations",
        "openai-speech" => "/audio/speech",
        "openai-transcriptions" => "/audio/transcriptions",
        "rerank" => "/rerank",
        _ => "/chat/completions",
    }
}

/// A text as one segment of a path, or as a value of a query.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{call, deployment};

    fn routed(dialect: &str, provider: &str, options: &[(&str, &str)]) -> Route {
        let options = options.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let deployment = Deployment { options: options.collect(), ..deployment(provider, "a b/c") };
        route(&Call { dialect: dialect.into(), ..call(false) }, &deployment)
    }

    #[test]
    fn azure_has_the_deployment_in_its_path_and_a_header_for_its_key() {
        let chat = routed("openai-chat", "azure", &[("api_version", "2024-10-21")]);
        assert_eq!(
            chat.path,
            "/openai/deployments/a%20b%2Fc/chat/completions?api-version=2024-10-21"
        );
        assert_eq!(chat.credential, CredentialScheme::Header("api-key".into()));
        let embeddings = routed("openai-embeddings", "azure", &[]);
        assert_eq!(
            embeddings.path,
            "/openai/deployments/a%20b%2Fc/embeddings?api-version=2025-02-01-preview"
        );
        for (version, expected) in [("2024-10-21", "preview"), ("latest", "latest")] {
            let responses = routed("openai-responses", "azure", &[("api_version", version)]);
            assert_eq!(responses.path, format!("/openai/v1/responses?api-version={expected}"));
        }
    }

    #[test]
    fn the_others_have_their_routes_under_their_base() {
        for (dialect, path) in [
            ("openai-chat", "/chat/completions"),
            ("openai-completions", "/completions"),
            ("openai-embeddings", "/embeddings"),
            ("openai-responses", "/responses"),
            ("openai-moderations", "/moderations"),
            ("openai-images", "/images/generations"),
            ("openai-speech", "/audio/speech"),
            ("openai-transcriptions", "/audio/transcriptions"),
            ("rerank", "/rerank"),
        ] {
            let route = routed(dialect, "openai", &[("organization", "org-1")]);
            assert_eq!(route.path, path);
            assert_eq!(route.headers, [("openai-organization".into(), "org-1".into())]);
            assert_eq!(route.credential, CredentialScheme::Bearer);
        }
        let models = routed("openai-chat", "azure_ai", &[]);
        assert_eq!(models.path, "/models/chat/completions?api-version=2024-05-01-preview");
    }
}
