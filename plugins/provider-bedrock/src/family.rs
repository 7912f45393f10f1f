//! What a model can do, told from its id.

/// A maker's models that have parameters in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Anthropic's, with the version's major and minor number; 255 if the name has none.
    Claude(u8, u8),
    /// Amazon's Nova, with the version's number.
    Nova(u8),
    /// Cohere's that talk.
    Cohere,
    /// OpenAI's with open weights.
    GptOss,
    /// Any other, or an inference profile that does not tell.
    Other,
}

/// How a model is told to think before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It cannot be told.
    No,
    /// Claude's: with a number of tokens.
    Budget,
    /// Claude's of newer versions: as it sees fit, guided by an effort.
    Adaptive,
    /// Nova's: with an effort of its own form.
    Effort,
    /// OpenAI's own word.
    Word,
}

// === impl Family ===

impl Family {
    /// Reads a model's id, such as `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
    pub(crate) fn of(model: &str) -> Self {
        if let Some((_, name)) = model.split_once("claude") {
            // Before versions came the generations, `claude-v2` and `claude-instant-v1`.
            if name.starts_with("-v") || name.starts_with("-instant") {
                return Self::Claude(2, 0);
            }
            // A word with more digits is the date of a release, what follows a colon its revision.
            let name = name.split(':').next().unwrap_or(name);
            let words = name.split(['-', '.', '@']).filter(|word| word.len() <= 2);
            let mut numbers = words.filter_map(|word| word.parse().ok());
            let major = numbers.next().unwrap_or(255);
            return Self::Claude(major, numbers.next().unwrap_or(0));
        }
        if model.contains("nova-2") {
            return Self::Nova(2);
        }
        [("nova", Self::Nova(1)), ("cohere.", Self::Cohere), ("gpt-oss", Self::GptOss)]
            .into_iter()
            .find(|(word, _)| model.contains(word))
            .map_or(Self::Other, |(_, family)| family)
    }

    /// How it is told to think.
    pub(crate) fn thinking(self) -> Thinking {
        match self {
            Self::Claude(..=2, _) | Self::Claude(3, ..=6) => Thinking::No,
            Self::Claude(3, _) | Self::Claude(4, ..=5) => Thinking::Budget,
            Self::Claude(..) => Thinking::Adaptive,
            Self::Nova(2..) => Thinking::Effort,
            Self::GptOss => Thinking::Word,
            Self::Nova(_) | Self::Cohere | Self::Other => Thinking::No,
        }
    }

    /// Whether it can be held to a JSON schema.
    pub(crate) fn follows_schemas(self) -> bool {
        match self {
            Self::Claude(major, minor) => (major, minor) >= (4, 5),
            Self::GptOss => true,
            Self::Nova(_) | Self::Cohere | Self::Other => false,
        }
    }

    /// Whether marks of what to cache mean anything to it.
    pub(crate) fn caches(self) -> bool {
        matches!(self, Self::Claude(3.., _) | Self::Nova(_))
    }

    /// Whether it is one of Anthropic's.
    pub(crate) fn is_claude(self) -> bool {
        matches!(self, Self::Claude(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_versions_are_read_from_ids() {
        for (id, family) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude(4, 5)),
            ("anthropic.claude-opus-4-20250514-v1:0", Family::Claude(4, 0)),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", Family::Claude(3, 7)),
            ("anthropic.claude-3-haiku-20240307-v1:0", Family::Claude(3, 0)),
            ("anthropic.claude-v2:1", Family::Claude(2, 0)),
            ("global.anthropic.claude-opus-4-6-v1", Family::Claude(4, 6)),
            ("anthropic.claude-next", Family::Claude(255, 0)),
            ("amazon.nova-pro-v1:0", Family::Nova(1)),
            ("us.amazon.nova-2-lite-v1:0", Family::Nova(2)),
            ("cohere.command-r-plus-v1:0", Family::Cohere),
            ("openai.gpt-oss-120b-1:0", Family::GptOss),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", Family::Other),
        ] {
            assert_eq!(Family::of(id), family, "{id}");
        }
    }

    #[test]
    fn abilities_follow_the_version() {
        for (family, thinking, schemas) in [
            (Family::Claude(2, 0), Thinking::No, false),
            (Family::Claude(3, 5), Thinking::No, false),
            (Family::Claude(3, 7), Thinking::Budget, false),
            (Family::Claude(4, 5), Thinking::Budget, true),
            (Family::Claude(4, 6), Thinking::Adaptive, true),
            (Family::Claude(255, 0), Thinking::Adaptive, true),
            (Family::Nova(1), Thinking::No, false),
            (Family::Nova(2), Thinking::Effort, false),
            (Family::GptOss, Thinking::Word, true),
            (Family::Cohere, Thinking::No, false),
        ] {
            assert_eq!((family.thinking(), family.follows_schemas()), (thinking, schemas));
        }
    }
}
