//! The harness of the end-to-end tests: it starts the built gateway with a configuration of its
//! own, calls it, stops it in any way, and reads what it left behind.
//!
//! The binary is `target/release/tollgate` of this workspace, or what `TOLLGATE_BIN` names.

mod answer;
mod behind;
mod client;
mod config;
mod gateway;
mod load;
mod paths;
mod raw;
mod rows;
mod wait;

pub use answer::{Answer, Chunks, events};
pub use behind::Behind;
pub use client::{Client, Trust};
pub use config::Config;
pub use gateway::{Builder, Former, Gateway, Key, MASTER_KEY, free_port, replace};
pub use load::{Load, Streams, Tally};
pub use paths::{binary, component, workspace};
pub use raw::{Raw, RawAnswer, post};
pub use rows::{Row, rows};
pub use rustix::process::Signal;
pub use tollgate_test_upstream::{Authority, Call, Ending, Upstream};
pub use wait::{PATIENCE, until};

/// The lowercase hexadecimal SHA-256 of a text.
pub fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A chat body with one message.
pub fn chat(model: &str, message: &str) -> serde_json::Value {
    serde_json::json!({"model": model, "messages": [{"role": "user", "content": message}]})
}

/// The same, asking for a stream.
pub fn streamed(model: &str, message: &str) -> serde_json::Value {
    let mut body = chat(model, message);
    body["stream"] = true.into();
    body
}
