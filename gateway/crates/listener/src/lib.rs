//! Sockets in, checked connections out.
mod guard;
pub use guard::{GuardLimits, refusal::Fault};
