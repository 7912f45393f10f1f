//! What a row tells its provider's component, and the credentials that the host keeps from it.

use std::collections::BTreeMap;

use crate::Secret;
use crate::section::Section;

/// Members of `litellm_params` that components may ask for.
const OPTIONS: &[&str] = &[
    "api_version",
    "organization",
    "project",
    "region_name",
    "aws_region_name",
    "aws_bedrock_runtime_endpoint",
    "vertex_project",
    "vertex_location",
    "use_chat_completions_api",
];

/// Members of `litellm_params` that no component is ever told.
const SECRETS: &[&str] =
    &["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "vertex_credentials"];

/// What a region is called by providers that have their own word for it.
const REGIONS: &[&str] = &["aws_region_name", "vertex_location"];

/// Variables that stand for what a row of a provider does not say, as LiteLLM reads them.
const VARIABLES: &[(&str, &str, &[&str])] = &[
    ("azure", "api_version", &["AZURE_API_VERSION"]),
    ("bedrock", "aws_region_name", &["AWS_REGION_NAME", "AWS_REGION"]),
    ("bedrock", "aws_access_key_id", &["AWS_ACCESS_KEY_ID"]),
    ("bedrock", "aws_secret_access_key", &["AWS_SECRET_ACCESS_KEY"]),
    ("bedrock", "aws_session_token", &["AWS_SESSION_TOKEN"]),
    ("vertex_ai", "vertex_project", &["VERTEXAI_PROJECT"]),
    ("vertex_ai", "vertex_location", &["VERTEXAI_LOCATION"]),
    ("vertex_ai", "vertex_credentials", &["GOOGLE_APPLICATION_CREDENTIALS"]),
];

/// A service account's file is a few kilobytes.
const CREDENTIALS_BYTES_MAX: u64 = 64 << 10;

/// What a row tells, and what it keeps.
#[derive(Default)]
pub(super) struct Told {
    pub(super) options: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, Secret>,
}

/// Reads both. Without `is_asked`, nobody is called and no variable need be set.
pub(super) fn read(params: &mut Section<'_>, provider: Option<&str>, is_asked: bool) -> Told {
    let mut told = Told::default();
    let (options, secrets) = (params.take_present(OPTIONS), params.take_present(SECRETS));
    if !is_asked {
        return told;
    }
    for (name, field) in options {
        told.options.extend(field.text().map(|text| (name.to_owned(), text)));
    }
    for (name, field) in secrets {
        let secret = field.secret().map(|secret| (name.to_owned(), secret));
        told.secrets.extend(secret);
    }
    let env = params.whole();
    let env = env.source().env;
    let own = VARIABLES.iter().filter(|(whose, ..)| Some(*whose) == provider);
    // A session token belongs to the key that it was given with.
    let has_own_keys = told.secrets.contains_key("aws_access_key_id");
    for (_, name, variables) in own {
        let Some(value) = variables.iter().find_map(|variable| env.get(variable)) else { continue };
        if OPTIONS.contains(name) {
            told.options.entry((*name).to_owned()).or_insert(value);
        } else if !(has_own_keys && name.starts_with("aws_")) {
            told.secrets.entry((*name).to_owned()).or_insert_with(|| Secret::new(value));
        }
    }
    if let Some(region) = told.options.get("region_name").cloned() {
        for name in REGIONS {
            told.options.entry((*name).to_owned()).or_insert_with(|| region.clone());
        }
    }
    told.open_credentials(params);
    told
}

// === impl Told ===

impl Told {
    /// Credentials of Google are a JSON text, or the path of a file with one.
    fn open_credentials(&mut self, params: &mut Section<'_>) {
        let Some(given) = self.secrets.get_mut("vertex_credentials") else { return };
        if given.expose().trim_start().starts_with('{') {
            return;
        }
        let field = params.take("vertex_credentials");
        let path = field.source().dir.join(given.expose());
        let small = std::fs::metadata(&path).is_ok_and(|file| file.len() <= CREDENTIALS_BYTES_MAX);
        match std::fs::read_to_string(&path) {
            Ok(text) if small && text.trim_start().starts_with('{') => *given = Secret::new(text),
            _ => {
                field.mistake("expected a service account in JSON, or the path of a file with one")
            }
        }
    }
}
