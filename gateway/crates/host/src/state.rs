//! What a store carries while a component runs in it: what is lent, what may be used up, what
//! was reserved.

use std::sync::Arc;

use tollgate_domain::{CallId, Document, KeyHash, KeyRecord};
use wasmtime::component::Resource;
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::capabilities::{Capabilities, StoreUnavailable};
use crate::deadline::{CpuMeter, thread_cpu};
use crate::lent::{Answer, Head};
use crate::load::PluginSettings;
use crate::outcome::Limit;

/// Stands for the `request` resource: the handle says nothing, a store has one request at most.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct LentRequest;
/// Stands for the `body` resource.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct LentBody;
/// Stands for the `response` resource.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct LentResponse;

/// What the store said of a key.
pub(crate) type Looked = Result<Option<Arc<KeyRecord>>, StoreUnavailable>;

/// What one call lends to the component.
#[derive(Default)]
pub(crate) struct Lent {
    pub(crate) call: Option<CallId>,
    pub(crate) request: Option<Arc<Head>>,
    pub(crate) body: Option<Arc<Document>>,
    pub(crate) answer: Option<Answer>,
    /// Keys that an earlier run of this call asked for and that the store was asked for since.
    pub(crate) keys: Vec<(KeyHash, Looked)>,
}

/// How a run may use its thread.
pub(crate) enum Pace {
    /// The instance is being made: without a fiber, until the CPU time is used up.
    Starting(CpuMeter),
    /// Without a fiber: the thread is the run's until it ends, for two ticks at most.
    Quick,
    /// On a fiber: other tasks get a turn at every tick, until the CPU time is used up.
    Steady(Arc<CpuMeter>),
}

/// Why a run has to begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It needs a key that only the store knows.
    NeedsKey(KeyHash),
    /// It takes longer than a quick run may.
    NeedsTime,
}

/// The data of a store.
pub(crate) struct State {
    pub(crate) plugin: Arc<str>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) lent: Lent,
    /// The limit that was reached, if one was: turns a trap into "exceeded".
    pub(crate) exceeded: Option<Limit>,
    /// Why the run was stopped, if it is to begin again.
    pub(crate) again: Option<Again>,
    /// Whether the run has reserved something.
    pub(crate) has_reserved: bool,
    pub(crate) log_bytes_left: usize,
    host_calls_left: u32,
    pace: Pace,
    ticks: u32,
    settings: Arc<PluginSettings>,
}

/// Tables may grow to this many elements: components of a few hundred kilobytes need hundreds.
const TABLE_ELEMENTS_MAX: usize = 20_000;
/// The first tick may come at once, so a quick run has one to two of them.
const QUICK_TICKS_MAX: u32 = 1;

// === impl State ===

impl State {
    pub(crate) fn new(
        plugin: Arc<str>,
        settings: Arc<PluginSettings>,
        capabilities: Arc<Capabilities>,
    ) -> Self {
        Self {
            plugin,
            capabilities,
            lent: Lent::default(),
            exceeded: None,
            again: None,
            has_reserved: false,
            log_bytes_left: settings.log_bytes_max,
            host_calls_left: settings.host_calls_max,
            pace: Pace::Starting(CpuMeter::default()),
            ticks: 0,
            settings,
        }
    }

    /// Makes the state ready for a run; what an earlier one lent or used up is forgotten.
    pub(crate) fn begin(&mut self, lent: Lent, pace: Pace) {
        self.lent = lent;
        self.pace = pace;
        self.ticks = 0;
        self.exceeded = None;
        self.again = None;
        self.has_reserved = false;
        self.log_bytes_left = self.settings.log_bytes_max;
        self.host_calls_left = self.settings.host_calls_max;
    }

    /// Takes back what was lent.
    pub(crate) fn end(&mut self) -> Lent {
        std::mem::take(&mut self.lent)
    }

    /// Counts a call into the host; the one too many traps.
    pub(crate) fn count_host_call(&mut self) -> wasmtime::Result<()> {
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => {
                self.exceeded = Some(Limit::HostCalls);
                Err(wasmtime::format_err!("too many calls into the host"))
            }
        }
    }

    /// A key, if this run can know it. If only the store can, the run stops, and the call begins
    /// again when the store has answered.
    pub(crate) fn key(&mut self, hash: KeyHash) -> wasmtime::Result<Looked> {
        if let Some((_, looked)) = self.lent.keys.iter().find(|(known, _)| *known == hash) {
            return Ok(looked.clone());
        }
        if let Some(cached) = self.capabilities.keys.cached(hash) {
            return Ok(Ok(cached));
        }
        self.again = Some(Again::NeedsKey(hash));
        Err(wasmtime::format_err!("the store has to be asked for a key"))
    }

    /// Called at every tick of the epoch clock while the component runs.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.ticks = self.ticks.saturating_add(1);
        let used_up = |cpu: &CpuMeter| cpu.used_at(thread_cpu()) > self.settings.deadline;
        match &self.pace {
            Pace::Quick if self.ticks <= QUICK_TICKS_MAX => Ok(UpdateDeadline::Continue(1)),
            Pace::Quick => {
                self.again = Some(Again::NeedsTime);
                Err(wasmtime::format_err!("the call takes longer than a quick run may"))
            }
            Pace::Starting(cpu) if !used_up(cpu) => Ok(UpdateDeadline::Continue(1)),
            Pace::Steady(cpu) if !used_up(cpu) => Ok(UpdateDeadline::Yield(1)),
            Pace::Starting(_) | Pace::Steady(_) => {
                self.exceeded = Some(Limit::Cpu);
                Err(wasmtime::format_err!("the deadline in CPU time has passed"))
            }
        }
    }

    pub(crate) fn request(&self) -> wasmtime::Result<&Arc<Head>> {
        self.lent.request.as_ref().ok_or_else(|| wasmtime::format_err!("no request is lent"))
    }

    pub(crate) fn body(&self) -> wasmtime::Result<&Arc<Document>> {
        self.lent.body.as_ref().ok_or_else(|| wasmtime::format_err!("no body is lent"))
    }

    pub(crate) fn answer(&self) -> wasmtime::Result<&Answer> {
        self.lent.answer.as_ref().ok_or_else(|| wasmtime::format_err!("no answer is lent"))
    }
}

/// A handle to lend; its number is never looked at, see [`LentRequest`].
pub(crate) fn handle<T: 'static>() -> Resource<T> {
    Resource::new_borrow(0)
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.settings.memory_max;
        if !granted {
            self.exceeded = Some(Limit::Memory);
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= TABLE_ELEMENTS_MAX;
        if !granted {
            self.exceeded = Some(Limit::Memory);
        }
        Ok(granted)
    }
}
