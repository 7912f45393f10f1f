//! The dialects as a whole: golden cases, properties, and bytes that nobody would send.

#![cfg(test)]

mod answers;
mod client;
mod events;
mod golden;
mod mutations;
mod properties;
mod random;
mod requests;
mod round_trips;
