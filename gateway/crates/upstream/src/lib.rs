//! Connections to providers: pooled and kept alive, over http and https, with the timeouts and
//! trust roots of the configuration. Knows nothing of models or calls.

mod endpoint;
mod exchange;
mod held;
mod pool;
mod roots;

pub use endpoint::{Endpoint, EndpointError};
pub use exchange::{
    Answering, Outgoing, STALE_MAX, SendError, Terms, Unanswered, UpstreamSettings, Upstreams,
};
pub use roots::{RootsError, write_bundle};
