//! Runs policy components: engine, limits, deadlines, and one module per interface of the
//! contract in `wit/`. The only crate that names wasmtime.
//!
//! A caller loads a component for a role and gets a typed function back: an [`Authenticator`], a
//! [`Limiter`], a [`Provider`] or a [`Meter`]. Each call ends in one of four ways, see [`Ran`].
//! What components may ask of the gateway is declared in [`Capabilities`] as traits, which other
//! crates implement and `app.rs` wires.

mod bindings;
mod cache;
mod capabilities;
mod convert;
mod deadline;
mod engine;
mod interfaces {
    //! What components may import, one module per interface of the contract.
    mod clock;
    mod http;
    mod keys;
    mod limits;
    mod log;
    mod prices;
}
mod lent;
mod load;
mod outcome;
mod plugin;
mod roles {
    //! What components export, one module per role.
    pub(crate) mod authenticator;
    pub(crate) mod limiter;
    pub(crate) mod meter;
    pub(crate) mod provider;
}
mod state;

pub use capabilities::{Capabilities, Keys, Limits, Prices, StoreUnavailable, Watch};
pub use engine::{Host, HostSettings, SetupError};
pub use lent::{Answer, Head, HeadBuilder};
pub use load::{LoadError, PluginSettings, PluginSource};
pub use outcome::{Limit, Ran};
pub use roles::authenticator::Authenticator;
pub use roles::limiter::Limiter;
pub use roles::meter::Meter;
pub use roles::provider::{
    Attempt, AwsScope, CredentialScheme, Decoder, Edit, Framing, NativeDialect, Plan, Provider,
    ProviderName, Reading, Target, Traits, UpstreamBody, UpstreamRequest,
};
