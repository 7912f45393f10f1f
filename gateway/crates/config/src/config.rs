//! The configuration as the other crates see it: checked, and never changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tollgate_domain::Rates;
use tollgate_routing::Knobs;

pub use self::edge::{
    Acme, Certificate, Challenge, Cookies, Cors, Edge, EdgeLimits, Headers, HealthCheck, Listener,
    Route, SameSite, ServerAddress, Site, Target, Tls,
};
use crate::{PriceTable, Secret};

pub use self::routing::Routing;

mod edge;
mod routing;

/// Everything that the gateway is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Deployments, in the order of the file. Those of the same model name form a group.
    pub models: Vec<Deployment>,
    /// Which of them is asked, and how long.
    pub routing: Routing,
    /// The key that may do everything. None: nobody may manage anything over HTTP.
    pub master_key: Option<Secret>,
    /// Where keys and spend are kept.
    pub database: Database,
    /// Whether parameters that a provider does not support are left out instead of refused.
    pub drop_params: bool,
    /// Whether `/metrics` asks for a key.
    pub metrics_need_key: bool,
    /// The least severe messages that are logged.
    pub log_level: LogLevel,
    /// The components.
    pub plugins: Plugins,
    /// Listeners and sites. None: the file leaves them to the program.
    pub edge: Option<Edge>,
    /// Pages elsewhere that may call a gateway that has no sites; sites have their own.
    pub cors: Option<Cors>,
    /// Sizes, times and counts that a call may not exceed.
    pub limits: Limits,
    /// The spend journal.
    pub journal: Journal,
    /// Prices of models whose deployments have none of their own. They are filled in already.
    pub prices: PriceTable,
    /// Connections to providers and sites.
    pub upstream: Upstream,
    /// The file that this was read from, for people.
    pub source: String,
}

/// One way to serve a model.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `model_info.id`, or 64 hexadecimal digits that depend on the row alone.
    pub id: String,
    /// The name that clients ask for, or a pattern of names with one `*`.
    pub model_name: String,
    /// The provider as the file has it: what stands before the `/`, else `openai`.
    pub provider: String,
    /// The component that translates: `mock` if the answer is written in the file, else the
    /// provider's.
    pub component: String,
    /// The model's name at the provider. A `*` in it is filled with what stands for that of
    /// `model_name`.
    pub model: String,
    /// `provider/model`, for headers and the spend log.
    pub public_model: String,
    /// The provider's address without a slash at the end. None: the component's own.
    pub api_base: Option<String>,
    /// The provider's credential.
    pub api_key: Option<Secret>,
    /// Credentials beside it, by their names in `litellm_params`: parts of AWS's, and the JSON text
    /// of a Google service account as `vertex_credentials`.
    pub secrets: BTreeMap<String, Secret>,
    /// What the provider's component may ask for, by its name in `litellm_params`.
    pub options: BTreeMap<String, String>,
    /// Whether parameters that the provider does not support are left out. None:
    /// [`Config::drop_params`].
    pub drop_params: Option<bool>,
    /// The answer, for deployments that ask no provider.
    pub mock_response: Option<String>,
    /// The longest that a call may take here. None: [`Limits::request_timeout`].
    pub timeout: Option<Duration>,
    /// The longest that a stream may take to begin. None: as long as the whole call.
    pub stream_timeout: Option<Duration>,
    /// What the row says of routing.
    pub knobs: Knobs,
    /// Prices: its own, else the table's. None: not known, calls are recorded as unpriced.
    pub rates: Option<Rates>,
    /// The most output tokens that one answer can have, if known.
    pub output_max: Option<u64>,
    /// What the model is for, as `model_info.mode` has it: `chat` if nothing is said.
    pub mode: Option<String>,
    /// Whether it is probed in the background, if that is done at all.
    pub is_probed: bool,
}

/// Where keys and spend are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite {
        /// The file; none for the one in the data directory.
        path: Option<PathBuf>,
    },
}

/// Severity of log messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For finding faults.
    Debug,
    /// What happens.
    #[default]
    Info,
    /// What may need attention.
    Warn,
    /// What needs attention.
    Error,
}

/// The components.
#[derive(Clone, Debug)]
pub struct Plugins {
    /// Whether compiled components are kept on disk between starts.
    pub code_cache: bool,
    /// Says who calls.
    pub authenticator: Plugin,
    /// Says whether a call may be made.
    pub limiter: Plugin,
    /// Says what a call cost.
    pub meter: Plugin,
    /// Translate, by name. Always holds the embedded ones, see [`crate::EMBEDDED_PROVIDERS`].
    pub providers: BTreeMap<String, Plugin>,
}

/// A component and its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The component's file. None: the embedded one.
    pub file: Option<PathBuf>,
    /// Calls that one instance serves after its first; 0 for a fresh instance per call.
    pub reuse: u32,
    /// Processor time that one call may use.
    pub deadline: Duration,
    /// Time that one call may take, waiting included.
    pub wall: Duration,
    /// Bytes of memory that an instance may have.
    pub memory: u64,
    /// Calls to the host during one call.
    pub host_calls: u64,
    /// Bytes of log during one call.
    pub log_bytes: u64,
}

/// Sizes, times and counts that a call may not exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body.
    pub body_bytes: u64,
    /// Bytes of one event in a provider's stream.
    pub event_bytes: u64,
    /// Bytes of a provider's whole answer that is no stream.
    pub answer_bytes: u64,
    /// Calls in flight at once.
    pub streams: usize,
    /// Time for a whole call.
    pub request_timeout: Duration,
}

/// The spend journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The longest that a record waits until the disk has it.
    pub fsync_interval: Duration,
    /// Bytes after which a new file is begun.
    pub segment_bytes: u64,
}

/// Connections to providers and sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Certificate authorities in PEM, beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// Unused connections that are kept.
    pub pool: usize,
}

// === impl LogLevel ===

impl LogLevel {
    /// The name as the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warn" | "warning" => Some(Self::Warn),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

// === impl Plugin ===

impl Default for Plugin {
    /// The embedded component with a fresh instance per call: the strictest isolation.
    fn default() -> Self {
        Self {
            file: None,
            reuse: 0,
            deadline: Duration::from_millis(20),
            wall: Duration::from_secs(2),
            memory: 16 << 20,
            host_calls: 1_000,
            log_bytes: 8 << 10,
        }
    }
}

// === impl Limits ===

impl Default for Limits {
    /// Bodies as large as providers take them with images, and as many calls as a small machine
    /// holds with such bodies.
    fn default() -> Self {
        Self {
            body_bytes: 25 << 20,
            event_bytes: 16 << 20,
            answer_bytes: 64 << 20,
            streams: 1_000,
            request_timeout: Duration::from_secs(600),
        }
    }
}

// === impl Journal ===

impl Default for Journal {
    /// A crash of the machine loses at most a tenth of a second.
    fn default() -> Self {
        Self { fsync_interval: Duration::from_millis(100), segment_bytes: 64 << 20 }
    }
}

// === impl Upstream ===

impl Default for Upstream {
    /// Below the idle times at which providers close connections themselves.
    fn default() -> Self {
        Self {
            ca_file: None,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            pool: 128,
        }
    }
}
