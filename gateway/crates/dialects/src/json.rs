//! JSON as text, read and written member by member: a value that nobody here has to understand
//! keeps the bytes and the order that its author gave it.

mod read;
mod write;

pub(crate) use read::{Kind, Object, array, boolean, kind, string};
pub(crate) use write::{Json, Members, Raw, Text, compact, object};
