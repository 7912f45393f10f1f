//! Calls into one component: an instance is made or taken, run under its limits, and dropped or
//! put back.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store};

use crate::capabilities::Capabilities;
use crate::deadline::{CpuMeter, Metered};
use crate::engine::{EpochClock, Host};
use crate::load::{LoadError, PluginSettings, PluginSource, Role};
use crate::outcome::{Limit, Ran};
use crate::state::{Lent, State};

/// A component in a role.
pub(crate) struct Plugin {
    pub(crate) name: Arc<str>,
    pub(crate) digest: String,
    role: &'static str,
    pre: InstancePre<State>,
    engine: Engine,
    clock: Arc<EpochClock>,
    pub(crate) capabilities: Arc<Capabilities>,
    settings: Arc<PluginSettings>,
    /// Instances that may serve again. Empty unless the plugin's settings allow reuse.
    idle: Mutex<Vec<Idle>>,
}

/// An instance between two calls.
struct Idle {
    running: RunningInstance,
    served: u64,
}

/// A store and the instance in it.
pub(crate) struct RunningInstance {
    pub(crate) store: Store<State>,
    pub(crate) instance: Instance,
}

// === impl Plugin ===

impl Plugin {
    pub(crate) fn load(
        host: &Host,
        role: &Role,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Self, LoadError> {
        let loaded =
            host.link(role, source).map_err(|why| LoadError::new(role, settings, source, why))?;
        Ok(Self {
            name: settings.name.as_str().into(),
            digest: loaded.digest,
            role: role.name,
            pre: loaded.pre,
            engine: host.engine.clone(),
            clock: Arc::clone(&host.clock),
            capabilities: Arc::clone(&host.capabilities),
            settings: settings.shared(),
            idle: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    /// Lends `lent` to an instance and lets `run` call it. Whatever ends the call other than a
    /// value or a refusal, cancellation included, drops the store.
    pub(crate) async fn call<T, R, F, Fut>(&self, lent: Lent, run: F) -> Ran<T, R>
    where
        F: FnOnce(RunningInstance) -> Fut,
        Fut: Future<Output = (RunningInstance, wasmtime::Result<Result<T, R>>)>,
    {
        let began = Instant::now();
        let ran = self.call_unwatched(lent, run).await;
        self.capabilities.watch.called(&self.name, self.role, ran.kind(), began.elapsed());
        match &ran {
            Ran::Trapped(why) => {
                log::error!(target: "plugins", "{} {} trapped: {why}", self.role, self.name);
            }
            Ran::Exceeded(limit) => {
                log::error!(
                    target: "plugins",
                    "{} {} was stopped: it exceeded its limit of {limit}", self.role, self.name
                );
            }
            Ran::Value(_) | Ran::Refused(_) => {}
        }
        ran
    }

    async fn call_unwatched<T, R, F, Fut>(&self, lent: Lent, run: F) -> Ran<T, R>
    where
        F: FnOnce(RunningInstance) -> Fut,
        Fut: Future<Output = (RunningInstance, wasmtime::Result<Result<T, R>>)>,
    {
        let _running = self.clock.running();
        let meter = Arc::new(CpuMeter::default());
        let called = async {
            let (mut instance, served) = self.take(Arc::clone(&meter)).await?;
            instance.store.data_mut().begin(lent, &meter);
            let (instance, answer) = run(instance).await;
            match answer {
                Ok(answer) => {
                    self.put_back(instance, served + 1);
                    Ok(answer)
                }
                Err(error) => Err(Stopped::new(instance.store.data(), &error)),
            }
        };
        let metered = Metered::new(called, Arc::clone(&meter));
        match tokio::time::timeout(self.settings.wall, metered).await {
            Err(_elapsed) => Ran::Exceeded(Limit::Wall),
            Ok(Ok(Ok(value))) => Ran::Value(value),
            Ok(Ok(Err(refusal))) => Ran::Refused(refusal),
            Ok(Err(stopped)) => stopped.into(),
        }
    }

    async fn take(&self, meter: Arc<CpuMeter>) -> Result<(RunningInstance, u64), Stopped> {
        if self.settings.reuse > 0
            && let Some(Idle { mut running, served }) = self.idle.lock().pop()
        {
            running.store.set_epoch_deadline(1);
            return Ok((running, served));
        }
        let state = State::new(
            meter,
            Arc::clone(&self.name),
            Arc::clone(&self.settings),
            Arc::clone(&self.capabilities),
        );
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| context.data_mut().tick());
        match self.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok((RunningInstance { store, instance }, 0)),
            Err(error) => Err(Stopped::new(store.data(), &error)),
        }
    }

    fn put_back(&self, mut running: RunningInstance, served: u64) {
        if served <= self.settings.reuse {
            running.store.data_mut().end();
            self.idle.lock().push(Idle { running, served });
        }
    }
}

/// Why a call ended without an answer.
enum Stopped {
    Trapped(String),
    Exceeded(Limit),
}

impl Stopped {
    fn new(state: &State, error: &wasmtime::Error) -> Self {
        if let Some(limit) = state.exceeded {
            return Self::Exceeded(limit);
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Self::Exceeded(Limit::Instances);
        }
        Self::Trapped(format!("{error:#}").lines().next().unwrap_or_default().to_owned())
    }
}

impl<T, R> From<Stopped> for Ran<T, R> {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Trapped(why) => Self::Trapped(why),
            Stopped::Exceeded(limit) => Self::Exceeded(limit),
        }
    }
}
