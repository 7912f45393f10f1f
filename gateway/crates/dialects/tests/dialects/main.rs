//! The dialects as a whole: golden cases, properties, and bytes that nobody would send.

#![cfg(test)]

mod answers;
mod events;
mod golden;
mod mutations;
mod properties;
mod random;
mod requests;
