//! The time of day.

use crate::bindings::clock;
use crate::state::State;

impl clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.count_host_call()?;
        Ok(tollgate_domain::unix_now())
    }
}
