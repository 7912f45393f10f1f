//! Configuration files, written as an operator would.

use std::fmt::Write;

use tollgate_test_upstream::Upstream;

/// The credential that deployments have unless a test says otherwise.
pub(crate) const API_KEY: &str = "sk-provider-credential";

/// A configuration being put together.
#[derive(Clone, Debug, Default)]
pub struct Config {
    models: String,
    general: String,
    router: String,
    sections: String,
}

impl Config {
    /// A configuration without models.
    pub fn new() -> Self {
        Self::default()
    }

    /// Models that the upstream plays by their names; the upstream's name has `up-` before it.
    pub fn models(mut self, upstream: &Upstream, names: &[&str]) -> Self {
        for name in names {
            self = self.model(name, &upstream.base(), &[]);
        }
        self
    }

    /// A model with prices per token, played by the upstream.
    pub fn priced(self, upstream: &Upstream, name: &str, input: &str, output: &str) -> Self {
        let prices = [("input_cost_per_token", input), ("output_cost_per_token", output)];
        self.model(name, &upstream.base(), &prices)
    }

    /// A model at an address, with more of `litellm_params`. `model` among these is the name that
    /// the upstream plays, in place of the model's own.
    pub fn model(mut self, name: &str, base: &str, params: &[(&str, &str)]) -> Self {
        let models = &mut self.models;
        let credential = params.iter().find(|(name, _)| *name == "api_key");
        let credential = credential.map_or(API_KEY, |(_, value)| *value);
        let played = params.iter().find(|(name, _)| *name == "model");
        let played = played.map_or(name, |(_, value)| *value);
        let rest = params.iter().filter(|(name, _)| !["api_key", "model"].contains(name));
        write!(
            models,
            "  - model_name: {name}\n    litellm_params:\n      model: openai/up-{played}\n      \
             api_base: {base}\n      api_key: {credential}\n"
        )
        .expect("a String takes everything");
        for (param, value) in rest {
            writeln!(models, "      {param}: {value}").expect("a String takes everything");
        }
        self
    }

    /// A model of any provider, with all of its `litellm_params`.
    pub fn of_provider(mut self, name: &str, params: &[(&str, &str)]) -> Self {
        writeln!(self.models, "  - model_name: {name}\n    litellm_params:")
            .expect("a String takes everything");
        for (param, value) in params {
            writeln!(self.models, "      {param}: {value}").expect("a String takes everything");
        }
        self
    }

    /// Lines for `general_settings`.
    pub fn general(mut self, line: &str) -> Self {
        self.general.push_str(&format!("  {line}\n"));
        self
    }

    /// Lines for `router_settings`. Without any, a call is one attempt.
    pub fn router(mut self, line: &str) -> Self {
        self.router.push_str(&format!("  {line}\n"));
        self
    }

    /// A section of its own, as YAML text.
    pub fn section(mut self, text: &str) -> Self {
        self.sections.push_str(text.trim_end());
        self.sections.push('\n');
        self
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let models = match self.models.is_empty() {
            true => "model_list: []\n".to_owned(),
            false => format!("model_list:\n{}", self.models),
        };
        let general = match self.general.is_empty() {
            true => String::new(),
            false => format!("general_settings:\n{}", self.general),
        };
        let router = match self.router.is_empty() {
            true => "  num_retries: 0\n",
            false => &self.router,
        };
        format!("{models}{general}router_settings:\n{router}{}", self.sections)
    }
}
