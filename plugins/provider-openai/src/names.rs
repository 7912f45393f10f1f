//! The names under which servers that speak OpenAI's API are known, where each is found, and in
//! what it differs.

use crate::bindings::exports::tollgate::policy::translation::ProviderName;

mod table;

/// A server, or a product that many run themselves.
pub(crate) struct Name {
    pub(crate) name: &'static str,
    pub(crate) base: Option<&'static str>,
    pub(crate) key_variable: Option<&'static str>,
    pub(crate) kind: Kind,
}

/// In what a server differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// OpenAI itself: has every route, refuses members that it does not know.
    OpenAi,
    /// Azure's deployments of OpenAI's models: the same, by other paths and another header.
    Azure,
    /// Azure's other models: another path, and that header.
    AzureModels,
    /// Takes `stream_options`.
    Like,
    /// Reports the usage of streams without being asked, and refuses to be asked.
    LikeUnasked,
    /// Fireworks: short names of models stand for long ones.
    Fireworks,
}

// === impl Kind ===

impl Kind {
    /// What is known of a name. Others are taken to be like OpenAI.
    pub(crate) fn of(name: &str) -> Self {
        table::NAMES.iter().find(|known| known.name == name).map_or(Self::Like, |known| known.kind)
    }

    /// Whether members that OpenAI does not know make it refuse the request.
    pub(crate) fn is_strict(self) -> bool {
        matches!(self, Self::OpenAi | Self::Azure)
    }

    /// Whether a stream's usage has to be asked for.
    pub(crate) fn takes_stream_options(self) -> bool {
        self != Self::LikeUnasked
    }
}

/// Every name, for the traits.
pub(crate) fn all() -> Vec<ProviderName> {
    let told = |known: &Name| ProviderName {
        name: known.name.into(),
        default_base: known.base.map(str::to_owned),
        key_variable: known.key_variable.map(str::to_owned),
    };
    table::NAMES.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_once_each_and_bases_have_no_slash_at_their_end() {
        let names = all();
        for (at, name) in names.iter().enumerate() {
            assert!(names[at + 1..].iter().all(|other| other.name != name.name), "{}", name.name);
            let base = name.default_base.as_deref().unwrap_or("https://x");
            assert!(base.starts_with("http") && !base.ends_with('/'), "{base}");
        }
    }

    #[test]
    fn names_that_nobody_knows_are_like_openai() {
        assert_eq!(Kind::of("azure"), Kind::Azure);
        assert_eq!(Kind::of("mistral"), Kind::LikeUnasked);
        assert_eq!(Kind::of("of-tomorrow"), Kind::Like);
        assert!(Kind::of("openai").is_strict() && !Kind::of("groq").is_strict());
    }
}
