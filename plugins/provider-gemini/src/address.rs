//! Where a model is found: AI Studio's API, which wants a key, or Vertex AI's, which wants a
//! Google token and the project in the path.

use tollgate_neutral::invalid;
use tollgate_sdk::types::Failure;

use crate::bindings::exports::tollgate::policy::translation::{CredentialScheme, ProviderName};

/// AI Studio's name.
pub(crate) const AI_STUDIO: &str = "gemini";

/// Vertex AI's name.
pub(crate) const VERTEX: &str = "vertex_ai";

/// The options that Vertex AI needs.
pub(crate) const OPTIONS: [&str; 2] = ["vertex_project", "vertex_location"];

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The API of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// AI Studio.
    AiStudio,
    /// Vertex AI.
    Vertex {
        /// The project's id.
        project: String,
        /// The location, such as `us-central1` or `global`.
        location: String,
    },
}

/// What is to be done with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Answer as a whole.
    Generate,
    /// Answer as a stream of events.
    Stream,
    /// Embed several texts.
    Embed,
}

/// The provider names, with where they are found.
pub(crate) fn names() -> Vec<ProviderName> {
    vec![
        ProviderName {
            name: AI_STUDIO.into(),
            default_base: Some("https://generativelanguage.googleapis.com/v1beta".into()),
            key_variable: Some("GEMINI_API_KEY".into()),
        },
        ProviderName {
            name: VERTEX.into(),
            // `global` has a host without a location: such a deployment names its `api_base`.
            default_base: Some("https://{vertex_location}-aiplatform.googleapis.com/v1".into()),
            key_variable: None,
        },
    ]
}

// === impl Api ===

impl Api {
    /// The API of a deployment with a provider name and options.
    ///
    /// # Errors
    ///
    /// An option that Vertex AI needs is absent.
    pub(crate) fn of(provider: &str, options: &[(String, String)]) -> Result<Self, Failure> {
        if provider != VERTEX {
            return Ok(Self::AiStudio);
        }
        let option = |name: &'static str| {
            let found = options.iter().find(|(known, value)| known == name && !value.is_empty());
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| invalid(name, &format!("The deployment needs the option `{name}`.")))
        };
        let [project, location] = OPTIONS;
        Ok(Self::Vertex { project: option(project)?, location: option(location)? })
    }

    /// Path and query of a method. A model is a plain name, or a resource such as `tunedModels/x`
    /// or `endpoints/1`.
    pub(crate) fn path(&self, model: &str, method: Method) -> String {
        let mut path = String::new();
        let resource = match self {
            Self::AiStudio if model.contains('/') => model.to_owned(),
            Self::AiStudio => format!("models/{model}"),
            Self::Vertex { project, location } => {
                path.push_str("/projects/");
                encode(&mut path, project);
                path.push_str("/locations/");
                encode(&mut path, location);
                let is_resource =
                    ["publishers/", "endpoints/"].iter().any(|kind| model.starts_with(kind));
                if is_resource {
                    model.to_owned()
                } else {
                    format!("publishers/google/models/{model}")
                }
            }
        };
        for segment in resource.split('/') {
            path.push('/');
            encode(&mut path, segment);
        }
        path.push_str(match (method, self) {
            (Method::Generate, _) => ":generateContent",
            (Method::Stream, _) => ":streamGenerateContent?alt=sse",
            (Method::Embed, Self::AiStudio) => ":batchEmbedContents",
            (Method::Embed, Self::Vertex { .. }) => ":predict",
        });
        path
    }

    /// Where the credential belongs.
    pub(crate) fn credential(&self) -> CredentialScheme {
        match self {
            Self::AiStudio => CredentialScheme::Header("x-goog-api-key".into()),
            Self::Vertex { .. } => CredentialScheme::GoogleToken(SCOPE.into()),
        }
    }

    /// The name that people know it by.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::AiStudio => "Gemini",
            Self::Vertex { .. } => "Vertex AI",
        }
    }
}

/// A segment of a path. Dots are encoded in segments of dots only, which would lead elsewhere.
fn encode(path: &mut String, segment: &str) {
    let leads_elsewhere = segment.bytes().all(|byte| byte == b'.');
    for byte in segment.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_~@".contains(&byte);
        if plain || (byte == b'.' && !leads_elsewhere) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex() -> Api {
        let options = [("vertex_project", "p 1"), ("vertex_location", "eu")];
        Api::of(VERTEX, &options.map(|(name, value)| (name.into(), value.into()))).unwrap()
    }

    #[test]
    fn every_kind_of_model_has_its_path() {
        for (api, model, method, path) in [
            (
                Api::AiStudio,
                "gemini-2.5-pro",
                Method::Generate,
                "/models/gemini-2.5-pro:generateContent",
            ),
            (
                Api::AiStudio,
                "tunedModels/a:b",
                Method::Generate,
                "/tunedModels/a%3Ab:generateContent",
            ),
            (Api::AiStudio, "../x", Method::Embed, "/%2E%2E/x:batchEmbedContents"),
            (
                vertex(),
                "gemini-2.5-flash",
                Method::Stream,
                "/projects/p%201/locations/eu/publishers/google/models/gemini-2.5-flash\
                 :streamGenerateContent?alt=sse",
            ),
            (
                vertex(),
                "endpoints/7",
                Method::Embed,
                "/projects/p%201/locations/eu/endpoints/7:predict",
            ),
        ] {
            assert_eq!(api.path(model, method), path);
        }
    }

    #[test]
    fn vertex_needs_a_project_and_a_location() {
        let one = [("vertex_project".to_owned(), "p".to_owned())];
        let failure = Api::of(VERTEX, &one).unwrap_err();
        assert_eq!(failure.param.as_deref(), Some("vertex_location"));
        assert_eq!(Api::of(AI_STUDIO, &[]).unwrap(), Api::AiStudio);
    }
}
