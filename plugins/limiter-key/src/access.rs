//! Which models a key may call.

/// Whether a list of models on a key names the model. An entry is a model's name, `*` for every
/// model, `prefix/*` for every model whose name begins with `prefix/`, or `all-proxy-models`.
/// An empty list means every model; `no-default-models` names none, so that a list of it alone
/// allows nothing.
pub(crate) fn allows(models: &[String], model: &str) -> bool {
    models.is_empty() || models.iter().any(|entry| names(entry, model))
}

fn names(entry: &str, model: &str) -> bool {
    match entry {
        "*" | "all-proxy-models" => true,
        "no-default-models" => false,
        _ => match entry.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('/') => model.starts_with(prefix),
            _ => entry == model,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(models: &[&str], model: &str) -> bool {
        let models: Vec<String> = models.iter().map(|entry| (*entry).to_owned()).collect();
        allows(&models, model)
    }

    #[test]
    fn a_list_allows_what_it_names() {
        assert!(allowed(&[], "gpt"));
        assert!(allowed(&["claude", "gpt"], "gpt"));
        assert!(!allowed(&["claude"], "gpt"));
        assert!(!allowed(&["gpt"], "gpt-4"));
        assert!(!allowed(&["GPT"], "gpt"));
    }

    #[test]
    fn wildcards_stand_for_every_model_or_a_prefix_that_ends_with_a_slash() {
        assert!(allowed(&["*"], "gpt"));
        assert!(allowed(&["openai/*"], "openai/gpt"));
        assert!(!allowed(&["openai/*"], "openai"));
        assert!(!allowed(&["openai/*"], "openai2/gpt"));
        assert!(!allowed(&["gp*"], "gpt"));
        assert!(allowed(&["gp*"], "gp*"));
    }

    #[test]
    fn special_names_mean_all_or_none() {
        assert!(allowed(&["all-proxy-models"], "gpt"));
        assert!(!allowed(&["no-default-models"], "gpt"));
        assert!(!allowed(&["no-default-models"], "no-default-models"));
        assert!(allowed(&["no-default-models", "gpt"], "gpt"));
    }
}
