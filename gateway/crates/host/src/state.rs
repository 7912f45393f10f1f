//! What a store carries while a component runs in it: what is lent, what may be used up, what
//! was reserved.

use std::sync::Arc;

use tollgate_domain::{CallId, Document};
use wasmtime::component::Resource;
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::capabilities::Capabilities;
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

/// What one call lends to the component.
#[derive(Default)]
pub(crate) struct Lent {
    pub(crate) call: Option<CallId>,
    pub(crate) request: Option<Arc<Head>>,
    pub(crate) body: Option<Arc<Document>>,
    pub(crate) answer: Option<Answer>,
}

/// The data of a store.
pub(crate) struct State {
    pub(crate) plugin: Arc<str>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) lent: Lent,
    pub(crate) cpu: Arc<CpuMeter>,
    /// The limit that was reached, if one was: turns a trap into "exceeded".
    pub(crate) exceeded: Option<Limit>,
    pub(crate) log_bytes_left: usize,
    host_calls_left: u32,
    settings: Arc<PluginSettings>,
}

/// Tables may grow to this many elements: components of a few hundred kilobytes need hundreds.
const TABLE_ELEMENTS_MAX: usize = 20_000;

// === impl State ===

impl State {
    pub(crate) fn new(
        cpu: Arc<CpuMeter>,
        plugin: Arc<str>,
        settings: Arc<PluginSettings>,
        capabilities: Arc<Capabilities>,
    ) -> Self {
        Self {
            plugin,
            capabilities,
            lent: Lent::default(),
            cpu,
            exceeded: None,
            log_bytes_left: settings.log_bytes_max,
            host_calls_left: settings.host_calls_max,
            settings,
        }
    }

    /// Makes the state ready for a call; what an earlier call lent or used up is forgotten.
    pub(crate) fn begin(&mut self, lent: Lent, cpu: &Arc<CpuMeter>) {
        self.lent = lent;
        self.exceeded = None;
        self.log_bytes_left = self.settings.log_bytes_max;
        self.host_calls_left = self.settings.host_calls_max;
        self.cpu = Arc::clone(cpu);
    }

    /// Takes back what was lent.
    pub(crate) fn end(&mut self) {
        self.lent = Lent::default();
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

    /// Called at every tick of the epoch clock while the component runs.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if self.cpu.used_at(thread_cpu()) > self.settings.deadline {
            self.exceeded = Some(Limit::Cpu);
            return Err(wasmtime::format_err!("the deadline in CPU time has passed"));
        }
        Ok(UpdateDeadline::Yield(1))
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
