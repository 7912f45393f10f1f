//! Every client dialect on every provider: the same call, whole and streamed, with tools, with
//! errors, broken off, left, and written down.

mod answers;
mod beside;
mod client;
mod parameters;
mod streams;
mod world;
