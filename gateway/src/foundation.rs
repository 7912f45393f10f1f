//! What the gateway stands on for as long as it lives, and the parts that each configuration gets on
//! top of it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tollgate_admin::{Access, Admin, AdminParts, LedgerBook, ModelEntry, Required};
use tollgate_calls::{Conditions, Parts, Pipeline};
use tollgate_config::{Config, Database};
use tollgate_domain::{
    Call, Charge, Ending, KeyLimits, NanoUsd, Observed, Outcome, Pricing, Principal, Scopes, Usage,
};
use tollgate_edge::Gate;
use tollgate_host::{Capabilities, Host, HostSettings, Meter, Ran};
use tollgate_ledger::{Ledger, LedgerSettings, Opened, StoreState};
use tollgate_limits::Limits;
use tollgate_telemetry::{AccessLog, Build, Metrics, Pulled};

use crate::app::StartError;
use crate::cli::Run;
use crate::deployments::{bounds, models, upstreams};
use crate::master_key::MasterKey;
use crate::plugins;
use crate::wiring::health::PipelineProbe;
use crate::wiring::keys::LedgerKeys;
use crate::wiring::limits::{Counted, Told, bucket};
use crate::wiring::prices::ConfiguredPrices;
use crate::wiring::watch::PluginWatch;

/// The trust roots, as a file that the connectors read.
pub(crate) const ROOTS: &str = "upstream-roots.pem";
/// How often gauges that nobody pushes are brought up to date.
const GAUGE_INTERVAL: Duration = Duration::from_secs(1);

/// What no reload replaces: money, keys, counts and logs.
pub(crate) struct Foundation {
    ledger: Arc<Ledger>,
    limits: Arc<Limits>,
    counted: Counted,
    pub(crate) metrics: Arc<Metrics>,
    access: Arc<AccessLog>,
    /// Of the present configuration: it prices what dead processes left open.
    meter: Arc<ArcSwap<Meter>>,
    gauges: tokio::task::JoinHandle<()>,
    conditions: Arc<Conditions>,
}

// === impl Foundation ===

impl Foundation {
    /// Opens the ledger and makes the parts of the first configuration.
    pub(crate) async fn build(
        run: &Run,
        config: &Config,
        master_key: &MasterKey,
    ) -> Result<(Self, Arc<Gate>), StartError> {
        let build = Build { version: env!("CARGO_PKG_VERSION"), revision: "unknown" };
        let metrics = Arc::new(Metrics::new(build)?);
        let limits = Arc::new(Limits::new());
        let open = Arc::clone(&limits);
        metrics.pull(Pulled::OpenReservations, move || open.open_total().as_usd())?;
        let keys = LedgerKeys::default();
        let counted = Counted { limits: Arc::clone(&limits), keys: keys.clone() };
        let host = host(run, config, &metrics, &counted)?;
        let loaded = plugins::load(&host, &config.plugins).await?;
        let meter = Arc::new(ArcSwap::new(Arc::clone(&loaded.meter)));
        let ledger = Ledger::open(ledger_settings(run, config, &limits, &meter)).await?;
        let ledger = Arc::new(ledger);
        keys.set(&ledger);
        ledger.keys().insert_permanent(master_key.hash, MasterKey::record());
        limits.seed(&bucket(&master_key.hash), NanoUsd::ZERO);
        let access = AccessLog::new(Box::new(std::io::stdout())).map_err(StartError::Process)?;
        let access = Arc::new(access);
        let gauges =
            tokio::spawn(gauges(Arc::clone(&metrics), Arc::clone(&ledger), Arc::clone(&access)));
        let conditions = Arc::default();
        let this = Self { ledger, limits, counted, metrics, access, meter, gauges, conditions };
        let gate = this.gate(run, config, loaded)?;
        Ok((this, gate))
    }

    /// The parts of another configuration. Nothing takes effect before requests are given to them,
    /// but for the names of models in metrics.
    pub(crate) async fn again(
        &self,
        run: &Run,
        config: &Config,
    ) -> Result<(Arc<Gate>, Arc<Meter>), StartError> {
        let host = host(run, config, &self.metrics, &self.counted)?;
        let loaded = plugins::load(&host, &config.plugins).await?;
        let meter = Arc::clone(&loaded.meter);
        Ok((self.gate(run, config, loaded)?, meter))
    }

    /// From now on this meter prices what dead processes left open.
    pub(crate) fn price_by(&self, meter: Arc<Meter>) {
        self.meter.store(meter);
    }

    fn gate(
        &self,
        run: &Run,
        config: &Config,
        loaded: plugins::Loaded,
    ) -> Result<Arc<Gate>, StartError> {
        let metrics = &self.metrics;
        metrics.declare_models(config.models.iter().map(|model| model.model_name.as_str()));
        let upstreams = upstreams(run, config)?;
        let models = models(config, &loaded, metrics, (&self.conditions, &upstreams))?;
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
            limits: Arc::clone(&self.limits),
            journal: Arc::clone(self.ledger.journal()),
            metrics: Arc::clone(metrics),
            access: Arc::clone(&self.access),
            digests,
            bounds: bounds(config),
        }));
        let needed = Access::Scope(Required::ReadSpend);
        let admin = Admin::new(AdminParts {
            book: Arc::new(LedgerBook(Arc::clone(&self.ledger))),
            spend: Arc::new(self.counted.clone()),
            store: Arc::new(LedgerBook(Arc::clone(&self.ledger))),
            probe: Arc::new(PipelineProbe(Arc::clone(&pipeline))),
            metrics: Arc::clone(metrics),
            models: entries,
            metrics_access: if config.metrics_need_key { needed } else { Access::Public },
        });
        let gate = Gate {
            pipeline,
            admin,
            authenticator: loaded.authenticator,
            metrics: Arc::clone(metrics),
            access: Arc::clone(&self.access),
        };
        Ok(Arc::new(gate))
    }

    /// Another process has begun to admit calls: from now on its journal is followed closely.
    pub(crate) fn look_at_neighbours(&self) {
        if let Err(error) = self.ledger.neighbours().look() {
            log::error!(target: "ledger", "other processes cannot be seen: {error}");
        }
    }

    /// Brings everything that was written down into the store.
    pub(crate) async fn close(&self) {
        self.gauges.abort();
        self.access.flush();
        self.ledger.flush().await;
        self.ledger.close().await;
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
    let capabilities = Capabilities {
        keys: Arc::new(counted.keys.clone()),
        limits: Arc::new(counted.clone()),
        prices: Arc::new(ConfiguredPrices::new(config)),
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
    meter: &Arc<ArcSwap<Meter>>,
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
            let meter = meter.load_full();
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
