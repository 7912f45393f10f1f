//! Calls into one component: an instance is made or taken, run under its limits, and dropped or
//! put back.
//!
//! Nearly every call ends within microseconds, so it is first run without a fiber and without
//! timers. One that takes longer than a tick or two of the epoch clock, or needs a key that only
//! the store knows, begins again from the start on a fresh instance: what it reserved is given
//! back first, so that a call has the effects of its last run alone.

mod held;

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc,
};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store};

use crate::capabilities::Capabilities;
use crate::deadline::{CpuMeter, Metered};
use crate::engine::{EpochClock, Host};
use crate::load::{LoadError, PluginSettings, PluginSource, Role, Why};
use crate::outcome::{Limit, Ran};
use crate::state::{Again, Lent, Pace, State};

pub(crate) use held::Held;

/// A call asks the store for so many keys at most.
const STORE_KEYS_MAX: usize = 8;

/// Idle instances of a plugin occupy slots that others need. A quick run occupies its thread, so
/// that hardly more than the machine's threads are ever idle.
const IDLE_MAX: usize = 32;

/// Instances of a plugin that wait in a [`Seat`], each with some 100 KiB. Calls beyond these make a
/// fresh one for each function.
const SEATED_MAX: usize = 256;

/// A component in a role.
pub(crate) struct Plugin {
    pub(crate) name: Arc<str>,
    pub(crate) digest: String,
    pub(crate) capabilities: Arc<Capabilities>,
    role: &'static Role,
    pre: InstancePre<State>,
    engine: Engine,
    clock: Arc<EpochClock>,
    settings: Arc<PluginSettings>,
    /// Instances that may serve again. Empty unless the plugin's settings allow reuse.
    idle: Mutex<Vec<Idle>>,
    seats: Arc<Semaphore>,
}

/// Where a call's instance waits between two functions that are called for the same call, so that
/// one call has one instance.
pub(crate) struct Seat {
    seated: Option<(Running, OwnedSemaphorePermit)>,
}

/// A function that the component exports, with these parameters and result: checked when the
/// component was loaded.
pub(crate) struct Function<S: Signature> {
    index: ComponentExportIndex,
    signature: std::marker::PhantomData<fn(S)>,
}

/// The types of a function of the contract.
pub(crate) trait Signature {
    /// What it takes.
    type Params<'a>: ComponentNamedList + Lower + Send + Sync;
    /// What it gives.
    type Returns: ComponentNamedList + Lift + Send + Sync + 'static;
}

/// An instance between two calls.
struct Idle {
    running: Running,
    served: u64,
}

/// A store and the instance in it.
struct Running {
    store: Store<State>,
    instance: Instance,
}

/// Why a run ended without an answer.
enum Stopped {
    Trapped(String),
    Exceeded(Limit),
    /// It is to begin again, with what it was lent.
    Again(Again, Box<Lent>),
}

// === impl Plugin ===

impl Plugin {
    pub(crate) fn load(
        host: &Host,
        role: &'static Role,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Self, LoadError> {
        let loaded =
            host.link(role, source).map_err(|why| LoadError::new(role, settings, source, why))?;
        Ok(Self {
            name: settings.name.as_str().into(),
            digest: loaded.digest,
            role,
            pre: loaded.pre,
            engine: host.engine.clone(),
            clock: Arc::clone(&host.clock),
            capabilities: Arc::clone(&host.capabilities),
            settings: settings.shared(),
            idle: Mutex::new(Vec::new()),
            seats: Arc::new(Semaphore::new(SEATED_MAX)),
        })
    }

    /// Finds a function and checks its type, once, in an instance made for that.
    pub(crate) fn function<S: Signature>(&self, name: &str) -> Result<Function<S>, Why> {
        let component = self.pre.component();
        let versioned = format!("{}@0.1.0", self.role.export);
        let interface = component.get_export_index(None, versioned.as_str());
        let index = interface
            .and_then(|interface| component.get_export_index(Some(&interface), name))
            .ok_or_else(|| Why::NoFunction(format!("{versioned}#{name}")))?;
        let _running = self.clock.running();
        let mut made = self.make().map_err(|error| Why::Contract(error.1))?;
        made.instance
            .get_typed_func::<S::Params<'_>, S::Returns>(&mut made.store, &index)
            .map_err(Why::Contract)?;
        Ok(Function { index, signature: std::marker::PhantomData })
    }

    /// Calls a function. Whatever ends the call other than its return, cancellation included,
    /// drops the store.
    pub(crate) async fn call<'p, S: Signature>(
        &self,
        function: &Function<S>,
        lent: Lent,
        params: impl Fn() -> S::Params<'p> + Send + Sync,
    ) -> Ran<S::Returns, std::convert::Infallible> {
        self.call_in(&mut None, function, lent, params).await
    }

    /// Calls a function in the instance that sits in `seat`, if one does, and leaves it there.
    /// Without a seat the instance goes when the function has returned.
    pub(crate) async fn call_in<'p, S: Signature>(
        &self,
        seat: &mut Option<Seat>,
        function: &Function<S>,
        lent: Lent,
        params: impl Fn() -> S::Params<'p> + Send + Sync,
    ) -> Ran<S::Returns, std::convert::Infallible> {
        let _running = self.clock.running();
        match self.quick(seat, function, lent, params()) {
            Ok(value) => Ran::Value(value),
            Err(Stopped::Again(again, lent)) => {
                self.again(seat, function, (again, *lent), params).await
            }
            Err(Stopped::Trapped(why)) => Ran::Trapped(why),
            Err(Stopped::Exceeded(limit)) => Ran::Exceeded(limit),
        }
    }

    /// Tells metrics and the log how a call ended.
    pub(crate) fn watched<T, R>(&self, began: Instant, ran: Ran<T, R>) -> Ran<T, R> {
        let role = self.role.name;
        self.capabilities.watch.called(&self.name, role, ran.kind(), began.elapsed());
        match &ran {
            Ran::Trapped(why) => {
                log::error!(target: "plugins", "{role} {} trapped: {why}", self.name);
            }
            Ran::Exceeded(limit) => {
                let name = &self.name;
                log::error!(
                    target: "plugins",
                    "{role} {name} was stopped: it exceeded its limit of {limit}"
                );
            }
            Ran::Value(_) | Ran::Refused(_) => {}
        }
        ran
    }

    /// Runs without a fiber.
    fn quick<'p, S: Signature>(
        &self,
        seat: &mut Option<Seat>,
        function: &Function<S>,
        lent: Lent,
        params: S::Params<'p>,
    ) -> Result<S::Returns, Stopped> {
        let (mut running, served) = self.take(seat)?;
        running.store.data_mut().begin(lent, Pace::Quick);
        let called =
            function.of(&mut running).and_then(|typed| typed.call(&mut running.store, params));
        self.ended(seat, (running, served), called)
    }

    /// Runs on a fiber, beside other tasks, for as long as the plugin's settings allow.
    async fn steady<'p, S: Signature>(
        &self,
        seat: &mut Option<Seat>,
        function: &Function<S>,
        lent: Lent,
        params: S::Params<'p>,
    ) -> Result<S::Returns, Stopped> {
        let (mut running, served) = self.take(seat)?;
        let meter = Arc::new(CpuMeter::default());
        running.store.data_mut().begin(lent, Pace::Steady(Arc::clone(&meter)));
        let called = match function.of(&mut running) {
            Ok(typed) => Metered::new(typed.call_async(&mut running.store, params), meter).await,
            Err(error) => Err(error),
        };
        self.ended(seat, (running, served), called)
    }

    /// Begins again as often as keys have to be looked up, and for good on a fiber.
    async fn again<'p, S: Signature>(
        &self,
        seat: &mut Option<Seat>,
        function: &Function<S>,
        (mut again, mut lent): (Again, Lent),
        params: impl Fn() -> S::Params<'p> + Send + Sync,
    ) -> Ran<S::Returns, std::convert::Infallible> {
        let runs = async {
            loop {
                if let Again::NeedsKey(hash) = again {
                    if lent.keys.len() >= STORE_KEYS_MAX {
                        return Err(Stopped::Exceeded(Limit::HostCalls));
                    }
                    lent.keys.push((hash, self.capabilities.keys.lookup(hash).await));
                }
                match self.steady(seat, function, lent, params()).await {
                    Err(Stopped::Again(reason, back)) => (again, lent) = (reason, *back),
                    ended => return ended,
                }
            }
        };
        match tokio::time::timeout(self.settings.wall, runs).await {
            Ok(Ok(value)) => Ran::Value(value),
            Ok(Err(Stopped::Trapped(why))) => Ran::Trapped(why),
            Ok(Err(Stopped::Exceeded(limit))) => Ran::Exceeded(limit),
            Ok(Err(Stopped::Again(..))) | Err(_) => Ran::Exceeded(Limit::Wall),
        }
    }

    fn ended<T>(
        &self,
        seat: &mut Option<Seat>,
        (mut running, served): (Running, u64),
        called: wasmtime::Result<T>,
    ) -> Result<T, Stopped> {
        match called {
            Ok(value) => {
                // The handle's drop is part of the store's, which follows; nothing stays lent.
                if served < self.settings.reuse {
                    running.store.data_mut().end();
                    self.keep(Idle { running, served: served + 1 });
                } else if let Some(seat) = seat
                    && let Ok(permit) = Arc::clone(&self.seats).try_acquire_owned()
                {
                    running.store.data_mut().end();
                    seat.seated = Some((running, permit));
                }
                Ok(value)
            }
            Err(error) => Err(self.stopped(running.store.data_mut(), &error)),
        }
    }

    /// Keeps an instance for another call, unless enough are kept.
    fn keep(&self, idle: Idle) {
        let mut kept = self.idle.lock();
        if kept.len() < IDLE_MAX {
            kept.push(idle);
        }
    }

    fn stopped(&self, state: &mut State, error: &wasmtime::Error) -> Stopped {
        if let Some(again) = state.again {
            if let (true, Some(call)) = (state.has_reserved, state.lent.call) {
                self.capabilities.limits.cancel(call);
            }
            return Stopped::Again(again, Box::new(state.end()));
        }
        if let Some(limit) = state.exceeded {
            return Stopped::Exceeded(limit);
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Stopped::Exceeded(Limit::Instances);
        }
        Stopped::Trapped(format!("{error:#}").lines().next().unwrap_or_default().to_owned())
    }

    fn take(&self, seat: &mut Option<Seat>) -> Result<(Running, u64), Stopped> {
        if let Some((mut running, _)) = seat.as_mut().and_then(|seat| seat.seated.take()) {
            running.store.set_epoch_deadline(1);
            return Ok((running, 0));
        }
        if self.settings.reuse > 0
            && let Some(Idle { mut running, served }) = self.idle.lock().pop()
        {
            running.store.set_epoch_deadline(1);
            return Ok((running, served));
        }
        match self.make() {
            Ok(running) => Ok((running, 0)),
            Err(failed) => {
                let (mut store, error) = *failed;
                Err(self.stopped(store.data_mut(), &error))
            }
        }
    }

    fn make(&self) -> Result<Running, Box<(Store<State>, wasmtime::Error)>> {
        let state = State::new(
            Arc::clone(&self.name),
            Arc::clone(&self.settings),
            Arc::clone(&self.capabilities),
        );
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| context.data_mut().tick());
        match self.pre.instantiate(&mut store) {
            Ok(instance) => Ok(Running { store, instance }),
            Err(error) => Err(Box::new((store, error))),
        }
    }
}

// === impl Seat ===

impl Seat {
    pub(crate) fn empty() -> Self {
        Self { seated: None }
    }
}

// === impl Function ===

impl<S: Signature> Function<S> {
    /// The function in an instance of the component that it was found in.
    #[expect(unsafe_code, reason = "checking the type of every function at every call costs µs")]
    fn of<'p>(
        &self,
        running: &mut Running,
    ) -> wasmtime::Result<TypedFunc<S::Params<'p>, S::Returns>> {
        let func = running
            .instance
            .get_func(&mut running.store, self.index)
            .ok_or_else(|| wasmtime::format_err!("the component has lost an export"))?;
        // SAFETY: `Plugin::function` is the only maker of a `Function` and had wasmtime check
        // this export of this component against the same types; all instances of a plugin are
        // made from that component.
        Ok(unsafe { TypedFunc::new_unchecked(func) })
    }
}
