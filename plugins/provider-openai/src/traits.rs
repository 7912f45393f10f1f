//! What the component says of itself.

use crate::bindings::exports::tollgate::policy::translation::{NativeDialect, Traits};
use crate::{names, usage};

/// Servers that have OpenAI's responses.
const RESPONSES: [&str; 3] = ["openai", "azure", "litellm_proxy"];

/// Servers that rank documents.
const RERANK: [&str; 6] =
    ["jina_ai", "together_ai", "hosted_vllm", "vllm", "infinity", "litellm_proxy"];

/// Every dialect is native: answers go to clients of the same one as they are.
pub(crate) fn traits() -> Traits {
    let native = |dialect: &str, names: &[&str], usage_members: &[&str]| NativeDialect {
        dialect: dialect.into(),
        names: names.iter().map(|name| (*name).into()).collect(),
        usage_members: usage_members.iter().map(|name| (*name).into()).collect(),
    };
    let usual = [usage::MEMBER];
    Traits {
        names: names::all(),
        native: vec![
            native("openai-chat", &[], &usual),
            native("openai-completions", &[], &usual),
            native("openai-embeddings", &[], &usual),
            native("openai-moderations", &[], &usual),
            native("openai-images", &[], &usual),
            native("openai-speech", &[], &usual),
            native("openai-transcriptions", &[], &usual),
            native("openai-responses", &RESPONSES, &[usage::MEMBER, usage::RESPONSE]),
            native("rerank", &RERANK, &usual),
        ],
        translated: Vec::new(),
        options: ["api_version", "organization", "project"].map(str::to_owned).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_of_some_servers_name_servers_that_are_known() {
        let traits = traits();
        for name in traits.native.iter().flat_map(|native| &native.names) {
            assert!(traits.names.iter().any(|known| known.name == *name), "{name}");
        }
    }
}
