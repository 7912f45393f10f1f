//! What of a request its provider cannot carry: dropped and named, or refused.

use tollgate_sdk::types::Failure;

use crate::failure::invalid;

/// Members that say who asks or where something is kept, which no answer depends on.
pub const LABELS: [&str; 4] =
    ["user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"];

/// Keeps account of the parameters that do not go upstream.
#[derive(Debug)]
pub struct Loss {
    provider: &'static str,
    allowed: bool,
    dropped: Vec<String>,
}

// === impl Loss ===

impl Loss {
    /// Nothing is lost yet. `allowed`: the deployment's `drop_params`.
    pub fn new(provider: &'static str, allowed: bool) -> Self {
        Self { provider, allowed, dropped: Vec::new() }
    }

    /// A parameter cannot be carried. It is named once, however often it is lost.
    ///
    /// # Errors
    ///
    /// The request is not valid for the provider, unless dropping is allowed.
    pub fn drop(&mut self, param: &str) -> Result<(), Failure> {
        if !self.allowed {
            let provider = self.provider;
            let message = format!(
                "{provider} does not support the parameter `{param}`. To let it be dropped, set \
                 `drop_params: true` for the deployment or in the request."
            );
            return Err(invalid(param, &message));
        }
        self.label(param);
        Ok(())
    }

    /// A parameter is not carried on which no answer depends, such as who asks or under which name
    /// a prompt is cached. It is named like any other, but is no reason to refuse a request.
    pub fn label(&mut self, param: &str) {
        if !self.dropped.iter().any(|known| known == param) {
            self.dropped.push(param.into());
        }
    }

    /// What was dropped, in the order in which it was.
    pub fn into_dropped(self) -> Vec<String> {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_dropped_is_named_once() {
        let mut loss = Loss::new("Nobody", true);
        for param in ["seed", "logit_bias", "seed"] {
            loss.drop(param).unwrap();
        }
        assert_eq!(loss.into_dropped(), ["seed", "logit_bias"]);
    }

    #[test]
    fn a_label_is_named_and_never_refused() {
        let mut loss = Loss::new("Nobody", false);
        loss.label("user");
        assert_eq!(loss.into_dropped(), ["user"]);
    }

    #[test]
    fn what_may_not_be_dropped_is_refused_by_name() {
        let failure = Loss::new("Nobody", false).drop("seed").unwrap_err();
        assert_eq!(failure.param.as_deref(), Some("seed"));
        assert!(failure.message.starts_with("Nobody does not support the parameter `seed`"));
    }
}
