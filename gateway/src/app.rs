//! The one place where the parts are put together, started and stopped.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tollgate_admin::{Access, Admin, AdminParts, LedgerBook, ModelEntry, Required};
use tollgate_calls::{Bounds, Deployment, Models, Parts, Pipeline};
use tollgate_config::{Config, Database, Loaded, LogLevel};
use tollgate_domain::{
    Call, Charge, Ending, KeyLimits, NanoUsd, Observed, Outcome, Pricing, Principal, Scopes, Usage,
};
use tollgate_edge::{EdgeError, EdgeSettings, Gate, Server};
use tollgate_host::{Capabilities, Host, HostSettings, LoadError, Meter, Ran, SetupError, Target};
use tollgate_ledger::{Ledger, LedgerError, LedgerSettings, Opened, StoreState};
use tollgate_limits::Limits;
use tollgate_telemetry::{AccessLog, Build, Log, Metrics, MetricsError, Pulled};
use tollgate_upstream::{Endpoint, EndpointError, RootsError, UpstreamSettings, Upstreams};

use crate::cli::Run;
use crate::master_key::{MasterKey, MasterKeyError};
use crate::wiring::health::PipelineProbe;
use crate::wiring::keys::LedgerKeys;
use crate::wiring::limits::{Counted, Told, bucket};
use crate::wiring::prices::ConfiguredPrices;
use crate::wiring::watch::PluginWatch;
use crate::{banner, plugins};

/// How often gauges that nobody pushes are brought up to date.
const GAUGE_INTERVAL: Duration = Duration::from_secs(1);

/// The gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("the data directory {path} cannot be used: {source}")]
    DataDir { path: String, source: std::io::Error },
    #[error("no runtime or log could be started: {0}")]
    Process(#[source] std::io::Error),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Host(#[from] SetupError),
    #[error(transparent)]
    Plugin(#[from] LoadError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Roots(#[from] RootsError),
    #[error("model {model}: {source}")]
    Deployment { model: String, source: EndpointError },
    #[error("model {model}: its provider {provider} names no default address; set api_base")]
    NoBase { model: String, provider: String },
    #[error(transparent)]
    Edge(#[from] EdgeError),
}

/// Starts the gateway and serves until a signal ends it.
pub(crate) fn run(run: &Run, loaded: Loaded) -> Result<(), StartError> {
    let Loaded { config, notices } = loaded;
    Log::install(level_filter(config.log_level))
        .map_err(std::io::Error::other)
        .map_err(StartError::Process)?;
    for notice in &notices {
        log::warn!(target: "config", "{notice}");
    }
    make_data_dir(&run.data_dir)?;
    let master_key = MasterKey::find(config.master_key.as_ref(), &run.data_dir)?;
    // The ledger's tasks outlive the server, whose runtimes end with it.
    let runtime = Runtime::new().map_err(StartError::Process)?;
    let gateway = runtime.block_on(Gateway::build(run, &config, &master_key))?;
    let plain = SocketAddr::new(run.host, run.port);
    let server = Server::new(edge_settings(run, &config, plain), Arc::clone(&gateway.gate))?;
    if !run.host.is_loopback() {
        log::warn!(target: "edge", "the plain listener {plain} is reachable from other machines");
    }
    if run.config.is_none() {
        let listeners = config.edge.iter().flat_map(|edge| &edge.listeners);
        let tls: Vec<_> =
            listeners.filter(|listener| listener.tls.is_some()).map(|l| l.address).collect();
        banner::print(plain, &tls, master_key.made.as_deref());
    }
    server.run();
    runtime.block_on(gateway.close());
    Ok(())
}

/// What runs behind the server.
struct Gateway {
    gate: Arc<Gate>,
    ledger: Arc<Ledger>,
    access: Arc<AccessLog>,
    gauges: tokio::task::JoinHandle<()>,
}

impl Gateway {
    async fn build(run: &Run, config: &Config, master_key: &MasterKey) -> Result<Self, StartError> {
        let build = Build { version: env!("CARGO_PKG_VERSION"), revision: "unknown" };
        let metrics = Arc::new(Metrics::new(build)?);
        metrics.declare_models(config.models.iter().map(|model| model.model_name.as_str()));
        let limits = Arc::new(Limits::new());
        let keys = LedgerKeys::default();
        let counted = Counted { limits: Arc::clone(&limits), keys: keys.clone() };
        let host = host(run, config, &metrics, &counted)?;
        let loaded = plugins::load(&host, &config.plugins).await?;
        let ledger = Ledger::open(ledger_settings(run, config, &limits, &loaded.meter)).await?;
        let ledger = Arc::new(ledger);
        keys.set(&ledger);
        ledger.keys().insert_permanent(master_key.hash, MasterKey::record());
        limits.seed(&bucket(&master_key.hash), NanoUsd::ZERO);
        let access = AccessLog::new(Box::new(std::io::stdout())).map_err(StartError::Process)?;
        let access = Arc::new(access);
        let upstreams = upstreams(run, config)?;
        let models = models(config, &loaded, &metrics)?;
        let entries = models.names().iter().map(|id| ModelEntry { id: id.clone() }).collect();
        let digests = vec![
            loaded.authenticator.digest().to_owned(),
            loaded.limiter.digest().to_owned(),
            loaded.meter.digest().to_owned(),
        ];
        let pipeline = Arc::new(Pipeline::new(Parts {
            authenticator: Arc::clone(&loaded.authenticator),
            limiter: loaded.limiter,
            meter: loaded.meter,
            models,
            upstreams,
            limits: Arc::clone(&limits),
            journal: Arc::clone(ledger.journal()),
            metrics: Arc::clone(&metrics),
            access: Arc::clone(&access),
            digests,
            bounds: bounds(config),
        }));
        let needed = Access::Scope(Required::ReadSpend);
        let admin = Admin::new(AdminParts {
            book: Arc::new(LedgerBook(Arc::clone(&ledger))),
            spend: Arc::new(counted),
            store: Arc::new(LedgerBook(Arc::clone(&ledger))),
            probe: Arc::new(PipelineProbe(Arc::clone(&pipeline))),
            metrics: Arc::clone(&metrics),
            models: entries,
            metrics_access: if config.metrics_need_key { needed } else { Access::Public },
        });
        let authenticator = loaded.authenticator;
        let gauges =
            tokio::spawn(gauges(Arc::clone(&metrics), Arc::clone(&ledger), Arc::clone(&access)));
        let gate = Gate { pipeline, admin, authenticator, metrics, access: Arc::clone(&access) };
        Ok(Self { gate: Arc::new(gate), ledger, access, gauges })
    }

    /// Brings everything that was written down into the store.
    async fn close(self) {
        self.gauges.abort();
        // Until it has ended it owns the ledger too.
        self.gauges.await.ok();
        self.access.flush();
        self.ledger.flush().await;
        drop(self.gate);
        if let Some(ledger) = Arc::into_inner(self.ledger) {
            ledger.close().await;
        }
        log::info!(target: "edge", "stopped");
    }
}

async fn gauges(metrics: Arc<Metrics>, ledger: Arc<Ledger>, access: Arc<AccessLog>) {
    let mut interval = tokio::time::interval(GAUGE_INTERVAL);
    loop {
        interval.tick().await;
        metrics.set_store_up(matches!(ledger.state(), StoreState::Connected));
        metrics.access_log_dropped(access.take_dropped());
    }
}

fn host(
    run: &Run,
    config: &Config,
    metrics: &Arc<Metrics>,
    counted: &Counted,
) -> Result<Host, StartError> {
    let open = Arc::clone(&counted.limits);
    metrics.pull(Pulled::OpenReservations, move || open.open_total().as_usd())?;
    let capabilities = Capabilities {
        keys: Arc::new(counted.keys.clone()),
        limits: Arc::new(counted.clone()),
        prices: Arc::new(ConfiguredPrices::new(&config.models)),
        watch: Arc::new(PluginWatch::new(metrics, plugins::names(&config.plugins))),
    };
    let settings = HostSettings {
        calls_max: u32::try_from(config.limits.streams).unwrap_or(u32::MAX),
        memory_max: plugins::memory_max(&config.plugins),
        cache_dir: config.plugins.code_cache.then(|| run.data_dir.join("code-cache")),
    };
    let host = Host::new(&settings, capabilities)?;
    let scan = host.uses_pagemap_scan();
    log::info!(target: "plugins", "components run in pools; pagemap_scan={scan}");
    Ok(host)
}

fn ledger_settings(
    run: &Run,
    config: &Config,
    limits: &Arc<Limits>,
    meter: &Arc<Meter>,
) -> LedgerSettings {
    let Database::Sqlite { path } = &config.database;
    let meter = Arc::clone(meter);
    let handle = tokio::runtime::Handle::current();
    LedgerSettings {
        data_dir: run.data_dir.clone(),
        database: path.clone(),
        fsync_interval: config.journal.fsync_interval,
        segment_bytes: config.journal.segment_bytes,
        budgets: Arc::new(Told(Arc::clone(limits))),
        price_interrupted: Arc::new(move |opened, usage| {
            tokio::task::block_in_place(|| handle.block_on(price(&meter, opened, usage)))
        }),
    }
}

/// What a call cost that the gateway did not live to settle: the meter says, from what was
/// journalled of it.
async fn price(meter: &Meter, opened: &Opened, usage: &Usage) -> Charge {
    let principal = Principal {
        key_id: opened.key_id.clone(),
        key_name: String::new(),
        key_alias: opened.key_alias.clone(),
        user_id: opened.user_id.clone(),
        team_id: opened.team_id.clone(),
        models: Vec::new(),
        scopes: Scopes::default(),
        limits: KeyLimits::default(),
    };
    let call = Call {
        id: opened.call,
        dialect: opened.dialect,
        model: opened.model.clone(),
        streamed: opened.stream,
        input_bound: usage.input,
        output_cap: None,
        choices: 1,
        candidates: Vec::new(),
    };
    let outcome = Outcome {
        deployment: opened.deployment.clone(),
        ending: Ending::Interrupted,
        usage: Observed::Estimated(*usage),
    };
    match meter.settle(&principal, &call, &outcome).await {
        Ran::Value(charge) => charge,
        Ran::Refused(never) => match never {},
        Ran::Trapped(_) | Ran::Exceeded(_) => Charge {
            amount: opened.reserved,
            input: NanoUsd::ZERO,
            cached: NanoUsd::ZERO,
            output: NanoUsd::ZERO,
            pricing: Pricing::MeterFailed,
        },
    }
}

fn upstreams(run: &Run, config: &Config) -> Result<Arc<Upstreams>, StartError> {
    let roots = run.data_dir.join(ROOTS);
    let trusted = tollgate_upstream::write_bundle(&roots, config.upstream.ca_file.as_deref())?;
    let https = config
        .models
        .iter()
        .any(|model| model.api_base.as_ref().is_some_and(|base| base.starts_with("https://")));
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

fn models(
    config: &Config,
    loaded: &plugins::Loaded,
    metrics: &Metrics,
) -> Result<Models, StartError> {
    let each = config.models.iter().map(|model| deployment(config, model, loaded));
    let deployments = each.collect::<Result<Vec<_>, _>>()?;
    Ok(Models::new(deployments, |name| metrics.model(name)))
}

fn deployment(
    config: &Config,
    model: &tollgate_config::Deployment,
    loaded: &plugins::Loaded,
) -> Result<Deployment, StartError> {
    let name = || model.model_name.clone();
    let no_base = || StartError::NoBase { model: name(), provider: model.provider.clone() };
    let provider = loaded.providers.get(&model.component).ok_or_else(no_base)?;
    let base = model.api_base.as_ref().or(provider.traits().default_base.as_ref());
    let endpoint = match base {
        Some(base) => Some(
            Endpoint::parse(base)
                .map_err(|source| StartError::Deployment { model: name(), source })?,
        ),
        None if model.mock_response.is_some() => None,
        None => return Err(no_base()),
    };
    Ok(Deployment {
        id: model.id.clone(),
        model_name: name(),
        public_model: model.public_model.clone(),
        provider_name: model.provider.clone(),
        provider: Arc::clone(provider),
        target: Target {
            id: model.id.clone(),
            model: model.model.clone(),
            mock_response: model.mock_response.clone(),
        },
        endpoint,
        api_base: model.api_base.clone(),
        credential: model.api_key.as_ref().map(|key| key.expose().to_owned()),
        timeout: model.timeout.unwrap_or(config.limits.request_timeout),
        output_max: model.output_max,
    })
}

fn bounds(config: &Config) -> Bounds {
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Bounds {
        body_bytes: bytes(config.limits.body_bytes),
        event_bytes: bytes(config.limits.event_bytes),
        answer_bytes: bytes(config.limits.answer_bytes),
        calls: config.limits.streams,
    }
}

/// The trust roots, as a file that the connectors read.
const ROOTS: &str = "upstream-roots.pem";

fn edge_settings(run: &Run, config: &Config, plain: SocketAddr) -> EdgeSettings {
    EdgeSettings {
        plain,
        edge: config.edge.clone(),
        data_dir: run.data_dir.clone(),
        roots: run.data_dir.join(ROOTS),
        pool: config.upstream.pool,
    }
}

fn make_data_dir(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::DataDir { path: path.display().to_string(), source })
}

fn level_filter(level: LogLevel) -> log::LevelFilter {
    match level {
        LogLevel::Debug => log::LevelFilter::Debug,
        LogLevel::Info => log::LevelFilter::Info,
        LogLevel::Warn => log::LevelFilter::Warn,
        LogLevel::Error => log::LevelFilter::Error,
    }
}
