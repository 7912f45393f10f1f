//! The providers whose components the program carries, and the names that each answers to. A
//! component says its names itself; these are known before it is loaded, so that a file can be
//! checked without running anything. A test of the host's providers keeps the two the same.

/// A component, and the provider names that it answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The component's name in `plugins.providers`.
    pub component: &'static str,
    /// What `litellm_params.model` can begin with.
    pub names: &'static [&'static str],
}

/// Every component that the program carries.
pub const EMBEDDED_PROVIDERS: &[Embedded] = &[
    Embedded { component: "anthropic", names: &["anthropic"] },
    Embedded { component: "bedrock", names: &["bedrock", "bedrock_converse"] },
    Embedded { component: "cohere", names: &["cohere", "cohere_chat"] },
    Embedded { component: "gemini", names: &["gemini", "vertex_ai"] },
    Embedded { component: "mock", names: &["mock"] },
    Embedded {
        component: "openai",
        names: &[
            "openai",
            "azure",
            "azure_ai",
            "text-completion-openai",
            "custom_openai",
            "openai_like",
            "litellm_proxy",
            "hosted_vllm",
            "vllm",
            "ollama",
            "ollama_chat",
            "lm_studio",
            "llamafile",
            "xinference",
            "infinity",
            "groq",
            "mistral",
            "codestral",
            "deepseek",
            "openrouter",
            "together_ai",
            "fireworks_ai",
            "xai",
            "perplexity",
            "cerebras",
            "nvidia_nim",
            "sambanova",
            "deepinfra",
            "anyscale",
            "moonshot",
            "dashscope",
            "volcengine",
            "hyperbolic",
            "lambda_ai",
            "nebius",
            "novita",
            "nscale",
            "github",
            "featherless_ai",
            "friendliai",
            "meta_llama",
            "ai21_chat",
            "v0",
            "jina_ai",
            "voyage",
        ],
    },
];

/// The component that answers to a provider name.
pub(crate) fn component_of(name: &str) -> Option<&'static str> {
    let known = EMBEDDED_PROVIDERS.iter().find(|known| known.names.contains(&name));
    known.map(|known| known.component)
}

/// Whether a component of this name is embedded.
pub(crate) fn is_embedded(component: &str) -> bool {
    EMBEDDED_PROVIDERS.iter().any(|known| known.component == component)
}

/// The names of the components, for messages.
pub(crate) fn components() -> String {
    let names: Vec<_> = EMBEDDED_PROVIDERS.iter().map(|known| known.component).collect();
    names.join(", ")
}
