//! From a component's bytes to something that can be called, or the exact reason why not.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use crate::bindings::{clock, http, keys, limits, log, prices, types};
use crate::engine::Host;
use crate::state::State;

/// Where a component comes from.
#[derive(Clone, Debug)]
pub enum PluginSource {
    /// A file.
    File(PathBuf),
    /// One of those that are built in.
    BuiltIn(&'static [u8]),
}

/// What a component may use up.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// Its name in logs and metrics.
    pub name: String,
    /// Calls that one instance serves beyond the first; 0 makes a fresh instance for each.
    pub reuse: u64,
    /// CPU time of a call.
    pub deadline: Duration,
    /// Wall time of a call, waiting included.
    pub wall: Duration,
    /// Linear memory in bytes.
    pub memory_max: usize,
    /// Calls into the host, per call.
    pub host_calls_max: u32,
    /// Bytes of log, per call.
    pub log_bytes_max: usize,
}

/// Why a component was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("{role} plugin {plugin} ({origin}): {why}")]
pub struct LoadError {
    role: &'static str,
    plugin: String,
    origin: String,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    #[error("cannot be read: {0}")]
    Read(#[source] std::io::Error),
    #[error("is not a WebAssembly component; a file in the binary or text format is expected")]
    NotWasm,
    #[error(
        "is a core WebAssembly module, not a component; encode it with `wasm-tools component new`"
    )]
    CoreModule,
    #[error("does not compile: {0:#}")]
    Compile(wasmtime::Error),
    #[error("does not export {wanted}, which its role demands; it exports {found}")]
    WrongRole { wanted: String, found: String },
    #[error("imports {0}, which its role is not granted")]
    NotGranted(String),
    #[error("does not export the function {0}")]
    NoFunction(String),
    #[error("does not fit the contract: {0:#}")]
    Contract(wasmtime::Error),
    #[error("failed when it was asked to describe itself: {0}")]
    Describe(String),
}

/// What a role exports and is granted.
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) export: &'static str,
    pub(crate) grants: &'static [&'static str],
    pub(crate) link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
}

/// A component that is compiled and linked.
pub(crate) struct Loaded {
    pub(crate) pre: InstancePre<State>,
    pub(crate) digest: String,
}

impl LoadError {
    pub(crate) fn new(
        role: &Role,
        settings: &PluginSettings,
        source: &PluginSource,
        why: Why,
    ) -> Self {
        let origin = match source {
            PluginSource::File(path) => path.display().to_string(),
            PluginSource::BuiltIn(_) => "built in".to_owned(),
        };
        Self { role: role.name, plugin: settings.name.clone(), origin, why }
    }
}

impl Host {
    /// Compiles, checks and links a component for a role.
    pub(crate) fn link(&self, role: &Role, source: &PluginSource) -> Result<Loaded, Why> {
        let bytes = match source {
            PluginSource::File(path) => std::fs::read(path).map_err(Why::Read)?.into(),
            PluginSource::BuiltIn(bytes) => std::borrow::Cow::Borrowed(*bytes),
        };
        check_kind(&bytes)?;
        let component = match &self.cache {
            Some(cache) => cache.load(&self.engine, &bytes),
            None => Component::new(&self.engine, &bytes),
        }
        .map_err(Why::Compile)?;
        self.check_interfaces(role, &component)?;
        let mut linker = Linker::new(&self.engine);
        (role.link)(&mut linker).map_err(Why::Contract)?;
        let pre = linker.instantiate_pre(&component).map_err(Why::Contract)?;
        let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Loaded { pre, digest })
    }

    fn check_interfaces(&self, role: &Role, component: &Component) -> Result<(), Why> {
        let interface = component.component_type();
        let exports: Vec<String> = interface
            .exports(&self.engine)
            .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
            .map(|(name, _)| name.to_owned())
            .collect();
        if !exports.iter().any(|name| same_interface(name, role.export)) {
            let found = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
            return Err(Why::WrongRole { wanted: role.export.to_owned(), found });
        }
        let granted = |name: &str| role.grants.iter().any(|grant| same_interface(name, grant));
        let refused = interface.imports(&self.engine).find(|(name, _)| !granted(name));
        match refused {
            Some((name, _)) => Err(Why::NotGranted(name.to_owned())),
            None => Ok(()),
        }
    }
}

/// Whether two interface names are the same up to the version, which the linker compares.
fn same_interface(name: &str, other: &str) -> bool {
    fn plain(name: &str) -> &str {
        name.split_once('@').map_or(name, |(plain, _)| plain)
    }
    plain(name) == plain(other)
}

/// Binary Wasm begins with `\0asm`, then a version: 1 for modules, 0x1000d for components.
fn check_kind(bytes: &[u8]) -> Result<(), Why> {
    match (bytes.get(..4), bytes.get(4..8)) {
        (Some(b"\0asm"), Some([0x0d, 0, 1, 0])) => Ok(()),
        (Some(b"\0asm"), Some([1, 0, 0, 0])) => Err(Why::CoreModule),
        _ => Err(Why::NotWasm),
    }
}

macro_rules! linker {
    ($($interface:ident),*) => {
        |linker| {
            $($interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;)*
            Ok(())
        }
    };
}

pub(crate) static AUTHENTICATOR: Role = Role {
    name: "authenticator",
    export: "tollgate:policy/authentication",
    grants: &[
        "tollgate:policy/types",
        "tollgate:policy/http",
        "tollgate:policy/keys",
        "tollgate:policy/clock",
        "tollgate:policy/log",
    ],
    link: linker!(types, http, keys, clock, log),
};

pub(crate) static LIMITER: Role = Role {
    name: "limiter",
    export: "tollgate:policy/admission",
    grants: &[
        "tollgate:policy/types",
        "tollgate:policy/limits",
        "tollgate:policy/prices",
        "tollgate:policy/clock",
        "tollgate:policy/log",
    ],
    link: linker!(types, limits, prices, clock, log),
};

pub(crate) static PROVIDER: Role = Role {
    name: "provider",
    export: "tollgate:policy/translation",
    grants: &["tollgate:policy/types", "tollgate:policy/http", "tollgate:policy/log"],
    link: linker!(types, http, log),
};

pub(crate) static METER: Role = Role {
    name: "meter",
    export: "tollgate:policy/metering",
    grants: &[
        "tollgate:policy/types",
        "tollgate:policy/prices",
        "tollgate:policy/clock",
        "tollgate:policy/log",
    ],
    link: linker!(types, prices, clock, log),
};

/// The settings that a plugin has unless its configuration says otherwise.
impl PluginSettings {
    /// Fresh instances and the default limits: 20 ms of CPU is a thousand times what the built-in
    /// components take, 16 MiB bounds what one bulk operation can overrun the deadline by.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reuse: 0,
            deadline: Duration::from_millis(20),
            wall: Duration::from_secs(2),
            memory_max: 16 << 20,
            host_calls_max: 1000,
            log_bytes_max: 8 << 10,
        }
    }

    pub(crate) fn shared(&self) -> Arc<Self> {
        Arc::new(self.clone())
    }
}
