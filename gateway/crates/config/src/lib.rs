//! YAML files and environment to one checked configuration, or every mistake at once, each with
//! file, line, what was found and what was expected. Opens no socket and changes nothing.
//!
//! A LiteLLM file is a valid file. Keys of LiteLLM that have no effect here are listed as notices;
//! keys that nobody knows are mistakes. A model whose provider has no component is left out with a
//! notice, as long as something is left.
//!
//! ```
//! let loaded = tollgate_config::load(None, &|_| None).map_err(|mistakes| format!("{mistakes:?}"))?;
//! let model = loaded.config.models.first().map(|model| model.model_name.as_str());
//! assert_eq!(model, Some("demo"));
//! # Ok::<(), String>(())
//! ```

mod config;
mod edge;
mod expand;
mod litellm;
mod load;
mod mistake;
mod models;
mod own;
mod prices;
mod providers;
mod quantity;
mod reader;
mod routing;
mod secret;
mod section;
mod settings;
mod tree;

pub use config::{
    Acme, AnswerCache, Certificate, Challenge, Config, Cookies, Cors, Database, Deployment, Edge,
    EdgeLimits, Headers, HealthCheck, Journal, Limits, Listener, LogLevel, Plugin, Plugins, Route,
    Routing, SameSite, ServerAddress, Site, Target, Tls, Upstream,
};
pub use load::{Loaded, load};
pub use mistake::{Mistake, Notice};
pub use prices::{Price, PriceTable};
pub use providers::{EMBEDDED_PROVIDERS, Embedded};
pub use secret::Secret;
