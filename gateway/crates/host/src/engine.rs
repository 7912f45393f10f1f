//! The engine: how components are compiled, where their instances live, how they are interrupted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

use crate::cache::{CacheError, CodeCache};
use crate::capabilities::Capabilities;

/// How often a running component is asked whether it has used up its time.
const TICK: Duration = Duration::from_millis(1);
/// The clock stops after this many ticks without a call, and the machine may sleep.
const IDLE_TICKS_MAX: u32 = 200;
/// What a component may use of its fiber's stack.
const WASM_STACK_BYTES: usize = 256 << 10;
/// A fiber's stack: the component's share and the host functions above it.
const FIBER_STACK_BYTES: usize = 512 << 10;
/// Memory that stays in place from one instance to the next in a slot; the page-map scan resets
/// only what was written. 16 to 64 KiB measured the same, above it costs more.
const KEEP_RESIDENT_BYTES: usize = 64 << 10;
/// Linux refuses a process more mappings than this unless told otherwise (`vm.max_map_count`);
/// a slot needs about two, with as many again for its stack.
const SLOTS_MAX: u32 = 10_000;

/// Slots for what is no model call: authenticating management requests, instances kept for reuse.
const SLOTS_BESIDE_CALLS: u32 = 256;

/// What a host is set up with.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// Calls in flight at once; sizes the pools. One more is refused as
    /// [`crate::Limit::Instances`].
    pub calls_max: u32,
    /// The largest memory that any component may have.
    pub memory_max: usize,
    /// Where compiled code is kept; none to compile at every start.
    pub cache_dir: Option<PathBuf>,
}

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The machine or the settings do not allow it.
    #[error("the WebAssembly engine could not be set up: {0:#}")]
    Engine(wasmtime::Error),
    /// The code cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// No thread could be started.
    #[error("the clock that interrupts components could not be started: {0}")]
    Clock(#[source] std::io::Error),
}

/// Loads and runs components.
pub struct Host {
    pub(crate) engine: Engine,
    pub(crate) cache: Option<CodeCache>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) clock: Arc<EpochClock>,
    pagemap_scan: bool,
}

/// Advances the engine's epoch while any component runs.
pub(crate) struct EpochClock {
    running: AtomicUsize,
    parked: AtomicBool,
    thread: Thread,
}

/// Keeps the clock going for as long as a call runs.
pub(crate) struct Running<'a>(&'a EpochClock);

// === impl Host ===

impl Host {
    /// Sets up the engine and its pools.
    pub fn new(settings: &HostSettings, capabilities: Capabilities) -> Result<Self, SetupError> {
        let pagemap_scan = PoolingAllocationConfig::is_pagemap_scan_available();
        let engine = Engine::new(&config(settings)).map_err(SetupError::Engine)?;
        let cache = settings.cache_dir.as_deref().map(CodeCache::open).transpose()?;
        Ok(Self {
            clock: EpochClock::start(engine.clone()).map_err(SetupError::Clock)?,
            engine,
            cache,
            capabilities: Arc::new(capabilities),
            pagemap_scan,
        })
    }

    /// Whether the kernel tells which pages an instance wrote, so that only those are reset.
    pub fn uses_pagemap_scan(&self) -> bool {
        self.pagemap_scan
    }
}

fn config(settings: &HostSettings) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // The cargo features of these proposals are compiled in, because 48.0.8 aborts without
        // some of them; the proposals stay off, components need none.
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .memory_init_cow(true)
        .memory_reservation(settings.memory_max as u64)
        .memory_guard_size(64 << 10)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pools(settings)));
    config
}

fn pools(settings: &HostSettings) -> PoolingAllocationConfig {
    // A component made from one core module has two or three core instances and as many tables:
    // its own and those of the adapters around it.
    let calls = settings.calls_max.saturating_add(SLOTS_BESIDE_CALLS).min(SLOTS_MAX);
    let mut pools = PoolingAllocationConfig::default();
    pools
        .total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(3))
        .total_memories(calls)
        .total_tables(calls.saturating_mul(3))
        .total_stacks(calls)
        .max_memory_size(settings.memory_max)
        .max_unused_warm_slots(256)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .async_stack_keep_resident(0)
        .pagemap_scan(Enabled::Auto);
    pools
}

// === impl EpochClock ===

impl EpochClock {
    fn start(engine: Engine) -> std::io::Result<Arc<Self>> {
        let (send, receive) = std::sync::mpsc::sync_channel::<Arc<Self>>(1);
        let thread =
            std::thread::Builder::new().name("epoch-clock".to_owned()).spawn(move || {
                if let Ok(clock) = receive.recv() {
                    clock.run(&engine);
                }
            })?;
        let clock = Arc::new(Self {
            running: AtomicUsize::new(0),
            parked: AtomicBool::new(false),
            thread: thread.thread().clone(),
        });
        send.send(Arc::clone(&clock)).map_err(std::io::Error::other)?;
        Ok(clock)
    }

    fn run(self: Arc<Self>, engine: &Engine) {
        let mut idle = 0;
        // The last reference beside this one goes with the host.
        while Arc::strong_count(&self) > 1 {
            std::thread::sleep(TICK);
            engine.increment_epoch();
            idle = if self.running.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
            if idle > IDLE_TICKS_MAX {
                self.park();
                idle = 0;
            }
        }
    }

    /// Sleeps until a call begins, looking up once a second whether the host is gone.
    fn park(&self) {
        self.parked.store(true, Ordering::SeqCst);
        if self.running.load(Ordering::SeqCst) == 0 {
            std::thread::park_timeout(Duration::from_secs(1));
        }
        self.parked.store(false, Ordering::SeqCst);
    }

    /// To be held while a component runs.
    pub(crate) fn running(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::SeqCst);
        if self.parked.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(self)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}
