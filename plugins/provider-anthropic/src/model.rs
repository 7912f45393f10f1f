//! What a model can do, told from its name.

/// A model of Anthropic's, or one that speaks its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// A Claude of this version, major and minor.
    Claude(u8, u8),
    /// A Claude whose name has no version: taken for a new one.
    Unnumbered,
    /// Something else behind a server that speaks the dialect: taken for an old one, since such
    /// servers know what has been there for long.
    Foreign,
}

/// How a model is told to think before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It cannot.
    No,
    /// With a number of tokens.
    Budget,
    /// As it sees fit, guided by an effort of `low` to `high`, or `max`.
    Adaptive,
    /// The same, with an effort `xhigh` below `max`.
    AdaptiveWithExtra,
}

// === impl Model ===

impl Model {
    /// Reads a model's name, such as `claude-sonnet-4-5-20250929` or `claude-3-7-sonnet-latest`.
    pub(crate) fn named(name: &str) -> Self {
        let Some(at) = name.find("claude") else {
            return Self::Foreign;
        };
        // A word with more digits is the date of a release.
        let numbers = name.get(at..).unwrap_or_default().split(['-', '.', '@', ':']);
        let mut numbers = numbers.filter(|word| word.len() <= 2).filter_map(|w| w.parse().ok());
        match numbers.next() {
            Some(major) => Self::Claude(major, numbers.next().unwrap_or(0)),
            None => Self::Unnumbered,
        }
    }

    /// How it is told to think.
    pub(crate) fn thinking(self) -> Thinking {
        match self {
            Self::Claude(..=3, ..=6) | Self::Claude(..=2, _) => Thinking::No,
            Self::Claude(3, _) | Self::Claude(4, ..=5) | Self::Foreign => Thinking::Budget,
            Self::Claude(4, 6) => Thinking::Adaptive,
            Self::Claude(..) | Self::Unnumbered => Thinking::AdaptiveWithExtra,
        }
    }

    /// Whether its thinking can be switched off.
    pub(crate) fn can_do_without_thinking(self) -> bool {
        match self {
            Self::Claude(major, minor) => (major, minor) < (5, 5),
            Self::Unnumbered => false,
            Self::Foreign => true,
        }
    }

    /// Whether one can say how it picks tokens: `temperature`, `top_p`, `top_k`.
    pub(crate) fn takes_sampling(self) -> bool {
        self.thinking() != Thinking::AdaptiveWithExtra
    }

    /// Whether it can be held to a JSON schema, in its answers and in its tools' arguments.
    pub(crate) fn follows_schemas(self) -> bool {
        match self {
            Self::Claude(major, minor) => (major, minor) >= (4, 5),
            Self::Unnumbered => true,
            Self::Foreign => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names_old_and_new() {
        for (name, expected) in [
            ("claude-sonnet-4-5-20250929", Model::Claude(4, 5)),
            ("claude-opus-4-20250514", Model::Claude(4, 0)),
            ("claude-opus-4-1", Model::Claude(4, 1)),
            ("claude-opus-4.6", Model::Claude(4, 6)),
            ("claude-3-5-sonnet-20241022", Model::Claude(3, 5)),
            ("claude-3-7-sonnet-latest", Model::Claude(3, 7)),
            ("claude-3-haiku-20240307", Model::Claude(3, 0)),
            ("claude-2.1", Model::Claude(2, 1)),
            ("claude-sonnet-5", Model::Claude(5, 0)),
            ("us.anthropic.claude-haiku-4-5@20251001", Model::Claude(4, 5)),
            ("claude-next", Model::Unnumbered),
            ("kimi-k2", Model::Foreign),
            ("", Model::Foreign),
        ] {
            assert_eq!(Model::named(name), expected, "{name}");
        }
    }

    #[test]
    fn abilities_follow_the_version() {
        for (name, thinking, schemas) in [
            ("claude-3-5-sonnet", Thinking::No, false),
            ("claude-2.1", Thinking::No, false),
            ("claude-3-7-sonnet", Thinking::Budget, false),
            ("claude-opus-4-1", Thinking::Budget, false),
            ("claude-haiku-4-5", Thinking::Budget, true),
            ("claude-opus-4-6", Thinking::Adaptive, true),
            ("claude-opus-4-7", Thinking::AdaptiveWithExtra, true),
            ("claude-sonnet-5", Thinking::AdaptiveWithExtra, true),
            ("claude-x", Thinking::AdaptiveWithExtra, true),
            ("deepseek-chat", Thinking::Budget, false),
        ] {
            let model = Model::named(name);
            assert_eq!((model.thinking(), model.follows_schemas()), (thinking, schemas), "{name}");
        }
    }
}
