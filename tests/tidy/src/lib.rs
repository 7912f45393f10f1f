//! The tree as text, for the tests beside: files, manifests, documents. Nothing here knows what
//! is allowed; the tests say that.

mod document;
mod manifest;
mod tree;

pub use document::{Named, code_map, named_paths};
pub use manifest::{Manifest, manifests};
pub use tree::{File, files, root};

/// Fails with every complaint, one on a line.
pub fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
