//! What holds for every provider component: its recorded cases, replayed within an instance's
//! memory, stack and time; and what the contract asks of all of them, whatever they speak.
#![cfg(test)]

mod case;
mod conformance;
mod host;
mod recorded;
