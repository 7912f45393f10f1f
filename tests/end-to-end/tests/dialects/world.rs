//! A gateway with a model of each provider for each script, and the upstream that plays them all.

use tollgate_end_to_end::{Config, Gateway, Key, Row, Upstream, rows, until};

/// The providers: the name before the slash, and where the upstream is for it.
pub(crate) const PROVIDERS: [(&str, &str); 5] =
    [("openai", "/v1"), ("anthropic", ""), ("gemini", "/v1beta"), ("bedrock", ""), ("cohere", "")];

/// What is running.
pub(crate) struct World {
    pub(crate) upstream: Upstream,
    pub(crate) gateway: Gateway,
    pub(crate) key: Key,
}

/// The name of a provider's model that plays a script.
pub(crate) fn model(provider: &str, script: &str) -> String {
    format!("{provider}-{script}")
}

impl World {
    /// Starts both, with models for these scripts.
    pub(crate) async fn start(scripts: &[&str]) -> Self {
        Self::start_with(scripts, &[]).await
    }

    /// The same with more `litellm_params` for each model.
    pub(crate) async fn start_with(scripts: &[&str], more: &[(&str, &str)]) -> Self {
        let upstream = Upstream::start().await;
        let root = upstream.base().trim_end_matches("/v1").to_owned();
        let mut config = Config::new();
        for (provider, path) in PROVIDERS {
            for script in scripts {
                let (model, base) = (format!("{provider}/up-{script}"), format!("{root}{path}"));
                let mut params = vec![
                    ("model", model.as_str()),
                    ("api_base", base.as_str()),
                    ("input_cost_per_token", "0.000001"),
                    ("output_cost_per_token", "0.00001"),
                ];
                if provider == "bedrock" {
                    params.push(("aws_access_key_id", "AKIDEXAMPLE"));
                    params.push(("aws_secret_access_key", "aws-secret"));
                    params.push(("aws_region_name", "us-east-1"));
                } else {
                    params.push(("api_key", "sk-provider-credential"));
                }
                params.extend_from_slice(more);
                config = config.of_provider(&self::model(provider, script), &params);
            }
        }
        let gateway = Gateway::start(config).await;
        let key = gateway.free_key().await;
        Self { upstream, gateway, key }
    }

    /// The ledger's row of a call.
    pub(crate) async fn row(&self, call: &str) -> Row {
        until("the call's row", async || {
            rows(&self.gateway.data()).await.into_iter().find(|row| row.call_id == call)
        })
        .await
    }
}
