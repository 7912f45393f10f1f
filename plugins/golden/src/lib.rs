//! Recorded cases of a provider, replayed: what a client asks, what goes upstream, what comes back,
//! which events it becomes. For tests of components only; nothing here is part of one.
//!
//! A case is a folder in the component's `tests/golden`. A person writes:
//!
//! - `case.json`: the deployment and the call, see [`Setup`]; every member may be left out,
//! - `request.json`: the client's body,
//! - `answer.json`, and `answer.sse` or `answer.frames`: the same answer, whole and as a stream. A
//!   line of `answer.frames` is an event's name, a space and its data,
//! - `error.json`: an answer with the `status` of `case.json`.
//!
//! The runner writes, when `TOLLGATE_BLESS` is set, and compares otherwise: `upstream.json`,
//! `events.txt`, `stream-events.txt` and `failure.txt`.

mod case;
mod frames;
mod mutate;
mod render;
mod run;

pub use case::{Case, Setup};
pub use frames::{Frame, groupings};
pub use mutate::Mutations;
pub use render::{joined, rendered};
pub use run::{Decoded, Subject, check_all, fuzz};
