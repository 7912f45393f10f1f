//! A scripted OpenAI-compatible upstream for tests.
//!
//! The model name in a request's body chooses what the upstream does with it (see [`Script`]);
//! every request and how it ended is recorded. A test holds and releases answers by [`Upstream::release`]
//! instead of by sleeping.

mod answer;
mod certificate;
mod connection;
mod record;
mod request;
mod script;
mod server;
mod voice;
mod wire;

pub use certificate::{Authority, Certificate};
pub use record::{Call, Ending};
pub use script::{Cut, Hold, Reply, Script};
pub use server::Upstream;
