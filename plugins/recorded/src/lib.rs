//! Cases for the tests of provider components, as files, and what is checked of each.
//!
//! A case is a folder:
//!
//! | file | what it is |
//! |---|---|
//! | `setting.json` | what the host says of call and deployment; may be absent |
//! | `request.json` | the client's body, of the neutral dialect or a native one |
//! | `upstream.txt` | what is sent for it, or the failure |
//! | `answer.json` or `answer.sse` | what the provider answers |
//! | `events.txt` | the events of that answer, and how it ends |
//!
//! With `TOLLGATE_BLESS=1` the two `.txt` files are written anew. An answer is decoded with its
//! frames one by one, all at once and cut in two at every place, and has to read the same each
//! time. Where there are cases `NAME` and `NAME-stream`, both answers have to say the same.

mod case;
mod check;
mod frames;
mod mutate;
mod said;
mod setting;

pub use case::{Case, cases};
pub use check::{check, fuzz};
pub use frames::Piece;
pub use mutate::Mutator;
pub use said::Said;
pub use setting::Setting;

use tollgate_sdk::types::{Event, Failure};

/// A provider under test.
pub trait Subject {
    /// Makes the upstream request for a client's body.
    ///
    /// # Errors
    ///
    /// The provider's own.
    fn encode(&self, setting: &Setting, body: &str) -> Result<Sent, Failure>;

    /// Begins to decode an answer.
    fn decoder(&self, setting: &Setting) -> Box<dyn Decode>;
}

/// A decoder under test.
pub trait Decode {
    /// Gives the events of the next frames.
    ///
    /// # Errors
    ///
    /// The provider's own.
    fn push(&mut self, pieces: Vec<Piece>) -> Result<Vec<Event>, Failure>;

    /// Ends the answer.
    ///
    /// # Errors
    ///
    /// The provider's own.
    fn finish(&mut self) -> Result<Vec<Event>, Failure>;
}

/// An upstream request, for people to read.
#[derive(Debug)]
pub struct Sent {
    /// Method, path, headers, credential, reading: a line for each.
    pub head: Vec<String>,
    /// Names of what was dropped.
    pub dropped: Vec<String>,
    /// The body.
    pub body: Body,
}

/// The body of an upstream request.
#[derive(Debug)]
pub enum Body {
    /// The client's with these members changed.
    Edited(Vec<(String, Option<String>)>),
    /// Another one.
    Replaced(Vec<u8>),
}
