//! The one place where the process is started and stopped. What it is made of is put together in
//! `foundation.rs`, for each configuration anew.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tollgate_config::{Config, Loaded};
use tollgate_edge::{EdgeError, EdgeSettings, Server, Signals};
use tollgate_host::{LoadError, SetupError};
use tollgate_ledger::LedgerError;
use tollgate_telemetry::{Log, MetricsError};
use tollgate_upstream::{EndpointError, RootsError};

use crate::cli::Run;
use crate::foundation::{Foundation, ROOTS};
use crate::master_key::{MasterKey, MasterKeyError};
use crate::reload::Reloader;
use crate::takeover::{self, Instance, TakeoverError};
use crate::{banner, deployments};

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
    #[error("model {model}: {why}")]
    Credential { model: String, why: String },
    #[error(transparent)]
    Edge(#[from] EdgeError),
    #[error("cryptography cannot be set up: there is a provider already")]
    Cryptography,
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
}

/// Starts the gateway and serves until a signal ends it.
pub(crate) fn run(run: &Run, loaded: Loaded) -> Result<(), StartError> {
    let Loaded { config, notices } = loaded;
    Log::install(deployments::level_filter(config.log_level))
        .map_err(std::io::Error::other)
        .map_err(StartError::Process)?;
    for notice in &notices {
        log::warn!(target: "config", "{notice}");
    }
    // Before anything speaks TLS: the first provider stays.
    tollgate_edge::provider().install_default().map_err(|_| StartError::Cryptography)?;
    make_data_dir(&run.data_dir)?;
    let master_key = MasterKey::find(config.master_key.as_ref(), &run.data_dir)?;
    // The ledger's tasks outlive the server, whose runtimes end with it.
    let runtime = Runtime::new().map_err(StartError::Process)?;
    let hangup = {
        let _entered = runtime.enter();
        signal(SignalKind::hangup()).map_err(StartError::Process)?
    };
    let (foundation, gate) = runtime.block_on(Foundation::build(run, &config, &master_key))?;
    let plain = SocketAddr::new(run.host, run.port);
    if run.upgrade {
        takeover::ask(&run.data_dir, &Server::handover(&run.data_dir))?;
    }
    let server = Server::new(edge_settings(run, &config, plain), gate)?;
    if run.upgrade {
        runtime.block_on(takeover::let_the_other_finish());
    }
    // As soon as others know this process they may ask it for something.
    let signals = {
        let _entered = runtime.enter();
        Signals::watch().map_err(StartError::Process)?
    };
    let instance = Instance::register(&run.data_dir)?;
    say_where(run, &config, plain, &master_key);
    let (serve, end, reload) = server.split();
    std::thread::Builder::new()
        .name("server".to_owned())
        .spawn(move || serve.run())
        .map_err(StartError::Process)?;
    let foundation = Arc::new(foundation);
    let reloader = Reloader::new(run.clone(), config, Arc::clone(&foundation), reload);
    let reloads = runtime.spawn(reloader.run(hangup));
    runtime.block_on(end.wait(signals, || foundation.look_at_neighbours()));
    reloads.abort();
    runtime.block_on(async {
        // It holds the foundation until it is gone.
        let _aborted = reloads.await;
        foundation.close().await;
    });
    instance.leave();
    Ok(())
}

fn say_where(run: &Run, config: &Config, plain: SocketAddr, master_key: &MasterKey) {
    if !run.host.is_loopback() {
        log::warn!(target: "edge", "the plain listener {plain} is reachable from other machines");
    }
    if run.config.is_none() {
        let listeners = config.edge.iter().flat_map(|edge| &edge.listeners);
        let tls: Vec<_> =
            listeners.filter(|listener| listener.tls.is_some()).map(|l| l.address).collect();
        banner::print(plain, &tls, master_key.made.as_deref());
    }
}

fn edge_settings(run: &Run, config: &Config, plain: SocketAddr) -> EdgeSettings {
    EdgeSettings {
        plain,
        edge: config.edge.clone(),
        cors: config.cors.clone(),
        data_dir: run.data_dir.clone(),
        roots: run.data_dir.join(ROOTS),
        pool: config.upstream.pool,
        takes_over: run.upgrade,
    }
}

fn make_data_dir(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::DataDir { path: path.display().to_string(), source })
}
