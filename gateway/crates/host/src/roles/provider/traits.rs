//! What a provider says of itself.

use tollgate_domain::Dialect;

use super::wit;

/// Parts of names that a deployment's secrets have. Options of such a name are not told to
/// components.
const SECRET_WORDS: [&str; 6] = ["key", "secret", "password", "credential", "token", "header"];

/// A name that `litellm_params.model` can begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderName {
    /// The name.
    pub name: String,
    /// Where it is found if a deployment names no `api_base`; may hold names of options in braces.
    pub default_base: Option<String>,
    /// The environment variable of its credential.
    pub key_variable: Option<String>,
}

/// A dialect in which a provider's answers can go to the client as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeDialect {
    /// The dialect.
    pub dialect: Dialect,
    /// The provider names that speak it; empty: all of them.
    pub names: Vec<String>,
    /// The top-level members that carry usage.
    pub usage_members: Vec<String>,
}

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// The names that it answers to.
    pub names: Vec<ProviderName>,
    /// Dialects that pass through.
    pub native: Vec<NativeDialect>,
    /// Dialects that it takes beside those, whose answers are decoded.
    pub translated: Vec<Dialect>,
    /// Options of a deployment that it wants to be told.
    pub options: Vec<String>,
}

// === impl Traits ===

impl Traits {
    /// What it says of one of its names.
    pub fn named(&self, name: &str) -> Option<&ProviderName> {
        self.names.iter().find(|known| known.name == name)
    }

    /// How it speaks a dialect natively under one of its names.
    pub fn native(&self, dialect: Dialect, name: &str) -> Option<&NativeDialect> {
        self.native.iter().find(|native| {
            let is_spoken = native.names.is_empty() || native.names.iter().any(|one| one == name);
            native.dialect == dialect && is_spoken
        })
    }

    /// Whether it takes a dialect whose answers are decoded.
    pub fn translates(&self, dialect: Dialect) -> bool {
        self.translated.contains(&dialect)
    }
}

/// Reads the traits. A dialect that this gateway does not know is left out, since the component
/// may have been built for a newer one.
pub(super) fn of_wit(plugin: &str, told: wit::Traits) -> Result<Traits, String> {
    if told.names.is_empty() {
        return Err("it names no provider".to_owned());
    }
    if let Some(option) = told.options.iter().find(|option| may_be_secret(option)) {
        return Err(format!("it wants the option `{option}`, which may hold a secret"));
    }
    let dialect = |name: &str| {
        let known = Dialect::named(name);
        if known.is_none() {
            log::warn!(target: "plugins", "provider {plugin}: the dialect {name} is not known");
        }
        known
    };
    let native = told.native.into_iter().filter_map(|native| {
        let dialect = dialect(&native.dialect)?;
        let (names, usage_members) = (native.names, native.usage_members);
        Some(NativeDialect { dialect, names, usage_members })
    });
    let names = told.names.into_iter().map(|known| ProviderName {
        name: known.name,
        default_base: known.default_base,
        key_variable: known.key_variable,
    });
    Ok(Traits {
        names: names.collect(),
        native: native.collect(),
        translated: told.translated.iter().filter_map(|name| dialect(name)).collect(),
        options: told.options,
    })
}

fn may_be_secret(option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| option.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> wit::Traits {
        wit::Traits {
            names: vec![wit::ProviderName {
                name: "openai".to_owned(),
                default_base: None,
                key_variable: None,
            }],
            native: vec![
                wit::NativeDialect {
                    dialect: "openai-responses".to_owned(),
                    names: vec!["openai".to_owned()],
                    usage_members: Vec::new(),
                },
                wit::NativeDialect {
                    dialect: "of-tomorrow".to_owned(),
                    names: Vec::new(),
                    usage_members: Vec::new(),
                },
            ],
            translated: vec!["openai-chat".to_owned()],
            options: vec!["api_version".to_owned()],
        }
    }

    #[test]
    fn a_dialect_is_native_to_the_names_that_speak_it() {
        let traits = of_wit("p", told()).unwrap();
        assert_eq!(traits.native.len(), 1, "what is not known is left out");
        assert!(traits.native(Dialect::OpenaiResponses, "openai").is_some());
        assert!(traits.native(Dialect::OpenaiResponses, "groq").is_none());
        assert!(traits.translates(Dialect::OpenaiChat) && !traits.translates(Dialect::Rerank));
    }

    #[test]
    fn a_component_is_not_told_secrets() {
        for option in ["api_key", "AWS_Secret_Access", "extra_headers", "vertex_credentials"] {
            let told = wit::Traits { options: vec![option.to_owned()], ..told() };
            assert!(of_wit("p", told).is_err(), "{option}");
        }
    }
}
