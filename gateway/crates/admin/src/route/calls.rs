//! Paths of model calls: those of each dialect, with and without a version, and the forms that name
//! the model in the path.

use tollgate_domain::Dialect;

/// What stands before the operation where the path names the model.
const NAMING: [&str; 2] = ["/engines/", "/openai/deployments/"];

/// The dialect of a path; none if it is no model call's.
pub(super) fn dialect(path: &str) -> Option<Dialect> {
    if let Some((_, operation)) = named(path) {
        return of_operation(operation).filter(|dialect| may_be_named(*dialect));
    }
    let operation = path.strip_prefix("/v1").unwrap_or(path).strip_prefix('/')?;
    of_operation(operation).or_else(|| (path == "/v2/rerank").then_some(Dialect::Rerank))
}

/// The model that the path of a call names, as sent.
pub fn named_model(path: &str) -> Option<&str> {
    let (model, operation) = named(path)?;
    of_operation(operation).map(|_| model)
}

/// The path for the access log.
pub(super) fn template(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenaiChat => "/v1/chat/completions",
        Dialect::OpenaiCompletions => "/v1/completions",
        Dialect::OpenaiResponses => "/v1/responses",
        Dialect::AnthropicMessages => "/v1/messages",
        Dialect::AnthropicCountTokens => "/v1/messages/count_tokens",
        Dialect::OpenaiEmbeddings => "/v1/embeddings",
        Dialect::Rerank => "/v1/rerank",
        Dialect::OpenaiModerations => "/v1/moderations",
        Dialect::OpenaiImages => "/v1/images/generations",
        Dialect::OpenaiSpeech => "/v1/audio/speech",
        Dialect::OpenaiTranscriptions => "/v1/audio/transcriptions",
    }
}

/// The model and the operation of a path that names both. A model's name may hold slashes, so that
/// the operation is what is known at the end.
fn named(path: &str) -> Option<(&str, &str)> {
    let rest = NAMING.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let cuts = rest.match_indices('/').map(|(at, _)| rest.split_at(at));
    cuts.map(|(model, operation)| (model, operation.trim_start_matches('/')))
        .find(|(model, operation)| !model.is_empty() && of_operation(operation).is_some())
}

fn of_operation(operation: &str) -> Option<Dialect> {
    let versioned = |dialect: &Dialect| {
        template(*dialect).strip_prefix("/v1/").is_some_and(|known| known == operation)
    };
    Dialect::ALL.iter().find(|dialect| versioned(dialect)).copied()
}

/// Only OpenAI's dialects have these forms.
fn may_be_named(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::AnthropicMessages | Dialect::AnthropicCountTokens | Dialect::Rerank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_path_with_and_without_a_version() {
        for expected in Dialect::ALL {
            let path = template(expected);
            assert_eq!(dialect(path), Some(expected));
            assert_eq!(dialect(path.strip_prefix("/v1").unwrap()), Some(expected));
            assert_eq!(named_model(path), None);
        }
        assert_eq!(dialect("/v2/rerank"), Some(Dialect::Rerank));
    }

    #[test]
    fn a_path_may_name_the_model() {
        for (path, model, expected) in [
            ("/engines/gpt-4o/chat/completions", "gpt-4o", Dialect::OpenaiChat),
            ("/engines/gpt-4o/completions", "gpt-4o", Dialect::OpenaiCompletions),
            ("/openai/deployments/a/b/embeddings", "a/b", Dialect::OpenaiEmbeddings),
            ("/openai/deployments/w/audio/speech", "w", Dialect::OpenaiSpeech),
        ] {
            assert_eq!((dialect(path), named_model(path)), (Some(expected), Some(model)), "{path}");
        }
    }

    #[test]
    fn paths_that_only_look_like_one_are_none() {
        for path in [
            "/v1",
            "/v1/",
            "/v1/chat",
            "/v1//embeddings",
            "/v3/embeddings",
            "/engines//embeddings",
            "/engines/embeddings",
            "/engines/m/messages",
            "/openai/deployments/m",
            "/v1/embeddings/",
        ] {
            assert_eq!(dialect(path), None, "{path}");
        }
    }
}
