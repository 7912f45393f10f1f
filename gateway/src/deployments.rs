//! Models and their deployments, and the connections to providers, from the configuration.

use std::sync::Arc;

use tollgate_calls::{Bounds, Conditions, Deployment, Models};
use tollgate_config::{Config, LogLevel};
use tollgate_host::{Target, Traits};
use tollgate_telemetry::Metrics;
use tollgate_upstream::{Endpoint, UpstreamSettings, Upstreams};

use crate::app::StartError;
use crate::cli::Run;
use crate::credentials::wallet;
use crate::foundation::ROOTS;
use crate::plugins;

pub(crate) fn upstreams(run: &Run, config: &Config) -> Result<Arc<Upstreams>, StartError> {
    let roots = run.data_dir.join(ROOTS);
    let trusted = tollgate_upstream::write_bundle(&roots, config.upstream.ca_file.as_deref())?;
    // A provider's own base is always https.
    let is_https = |base: &String| base.starts_with("https://");
    let https = config
        .models
        .iter()
        .any(|model| model.mock_response.is_none() && model.api_base.as_ref().is_none_or(is_https));
    if trusted == 0 && https {
        log::warn!(
            target: "upstream",
            "this machine has no trust roots: https upstreams will be refused. Install \
             ca-certificates or set upstream.ca_file"
        );
    }
    Ok(Upstreams::new(UpstreamSettings {
        roots,
        pool: config.upstream.pool,
        connect_timeout: config.upstream.connect_timeout,
        idle_timeout: config.upstream.idle_timeout,
    }))
}

pub(crate) fn models(
    config: &Config,
    loaded: &plugins::Loaded,
    metrics: &Metrics,
    (conditions, upstreams): (&Arc<Conditions>, &Arc<Upstreams>),
) -> Result<Models, StartError> {
    let each = config
        .models
        .iter()
        .map(|model| Ok((deployment(config, model, loaded, upstreams)?, model.knobs.clone())));
    let rows = each.collect::<Result<Vec<_>, StartError>>()?;
    Ok(Models::new(config.routing.rules.clone(), rows, conditions, |name| metrics.model(name)))
}

fn deployment(
    config: &Config,
    model: &tollgate_config::Deployment,
    loaded: &plugins::Loaded,
    upstreams: &Arc<Upstreams>,
) -> Result<Deployment, StartError> {
    let name = || model.model_name.clone();
    let no_base = || StartError::NoBase { model: name(), provider: model.provider.clone() };
    let provider = loaded.providers.get(&model.component).ok_or_else(no_base)?;
    let known = provider.traits().named(&model.provider);
    let own = || known?.default_base.as_deref().and_then(|base| filled(base, model));
    let endpoint = match model.api_base.clone().or_else(own) {
        Some(base) => Some(Arc::new(
            Endpoint::parse(&base)
                .map_err(|source| StartError::Deployment { model: name(), source })?,
        )),
        None if model.mock_response.is_some() => None,
        None => return Err(no_base()),
    };
    let timeout = model.timeout.unwrap_or(config.limits.request_timeout);
    Ok(Deployment {
        id: model.id.clone(),
        priced_as: model.id.clone(),
        model_name: name(),
        public_model: model.public_model.clone(),
        provider_name: model.provider.clone(),
        provider: Arc::clone(provider),
        target: Target {
            id: model.id.clone(),
            provider: model.provider.clone(),
            model: model.model.clone(),
            mock_response: model.mock_response.clone(),
            options: options(model, provider.traits()),
            drop_params: model.drop_params.unwrap_or(config.drop_params),
        },
        endpoint,
        api_base: model.api_base.clone(),
        wallet: wallet(model, known, upstreams)
            .map(Arc::new)
            .map_err(|why| StartError::Credential { model: name(), why })?,
        timeout,
        stream_timeout: model.stream_timeout.unwrap_or(timeout),
        output_max: model.output_max,
        is_for_chat: model.mode.as_deref().is_none_or(|mode| mode == "chat"),
        is_probed: model.is_probed,
    })
}

/// A provider's own base with the row's options in the places that it names in braces; none if one
/// of them is not configured.
fn filled(base: &str, model: &tollgate_config::Deployment) -> Option<String> {
    let (mut filled, mut left) = (String::new(), base);
    while let Some((before, rest)) = left.split_once('{') {
        let (name, after) = rest.split_once('}')?;
        filled.push_str(before);
        filled.push_str(model.options.get(name)?);
        left = after;
    }
    Some(filled + left)
}

/// What the component asks for, as far as the row says it.
fn options(model: &tollgate_config::Deployment, traits: &Traits) -> Vec<(String, String)> {
    let asked = traits.options.iter();
    asked.filter_map(|name| Some((name.clone(), model.options.get(name)?.clone()))).collect()
}

pub(crate) fn bounds(config: &Config) -> Bounds {
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Bounds {
        body_bytes: bytes(config.limits.body_bytes),
        event_bytes: bytes(config.limits.event_bytes),
        answer_bytes: bytes(config.limits.answer_bytes),
        calls: config.limits.streams,
        call_time: config.limits.request_timeout,
    }
}

pub(crate) fn level_filter(level: LogLevel) -> log::LevelFilter {
    match level {
        LogLevel::Debug => log::LevelFilter::Debug,
        LogLevel::Info => log::LevelFilter::Info,
        LogLevel::Warn => log::LevelFilter::Warn,
        LogLevel::Error => log::LevelFilter::Error,
    }
}
