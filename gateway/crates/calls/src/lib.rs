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
mod dialect {
    //! The client's dialects: errors, answers and stream events as a client expects them.
    pub(crate) mod openai_chat;
}
mod envelope;
mod exchange;
mod headers;
mod ids;
mod pipeline;
mod probe;
mod record;
mod refusal;
mod relay {
    //! From the provider's answer to the client's.
    pub(crate) mod local;
    pub(crate) mod observed;
    pub(crate) mod stream;
    pub(crate) mod whole;
}
mod settle;
mod sse;
mod wish;

pub use deployment::{Conditions, Deployment, Models};
pub use exchange::{BodyError, ClientGone, Exchange, ResponseHead};
pub use ids::CorrelationId;
pub use pipeline::{Bounds, Parts, Pipeline};
pub use probe::Probed;
pub use refusal::Refusal;
