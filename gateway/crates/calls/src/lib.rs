//! The call pipeline: from a client's request to a settled row, in one direction.
//!
//! ```text
//! exchange → authenticate ⇒ Principal → envelope → admit ⇒ Admitted → attempts (encode, send)
//!          → relay (whole | stream | local) ⇒ Outcome → settle ⇒ Settled → last byte
//! ```
//! Each step takes the proof made by the one before by move. What speaks HTTP with the client is
//! behind [`Exchange`]; nothing here knows which server that is.

mod arrival;
mod attempt;
mod deployment;
mod envelope;
mod exchange;
mod form;
mod headers;
mod ids;
mod pipeline;
mod probe;
mod record;
mod refusal;
mod relay {
    //! From the provider's answer to the client's.
    pub(crate) mod local;
    pub(crate) mod passing;
    pub(crate) mod stream;
    pub(crate) mod tally;
    pub(crate) mod translating;
    pub(crate) mod whole;
}
mod settle;
mod speech;
mod wish;

pub use deployment::{Conditions, Deployment, Models};
pub use envelope::Called;
pub use exchange::{BodyError, ClientGone, Exchange, ResponseHead};
pub use ids::CorrelationId;
pub use pipeline::{Bounds, Parts, Pipeline};
pub use probe::{Probed, Probing};
pub use refusal::Refusal;
