//! Why nothing came of a file.

use crate::note::Place;

/// The file, or one that it includes, cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The main file cannot be read.
    #[error("{file}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than any server file is.
    #[error("{file}: larger than {limit} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// The most that is read.
        limit: usize,
    },
    /// A file is not in nginx's syntax.
    #[error("{place}: expected {expected}")]
    Syntax {
        /// Where the reading stopped.
        place: Place,
        /// What should have stood there.
        expected: String,
    },
    /// No server with an address to listen on was found.
    #[error(
        "{file}: expected at least one `server` block whose `listen` is an IP address and a port"
    )]
    NoServer {
        /// The file.
        file: String,
    },
}
