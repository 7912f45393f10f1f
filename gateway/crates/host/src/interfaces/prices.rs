//! The price table.

use crate::bindings::{prices, types};
use crate::state::State;

impl prices::Host for State {
    fn of(&mut self, deployment: String) -> wasmtime::Result<Option<types::Rates>> {
        self.count_host_call()?;
        Ok(self.capabilities.prices.of(&deployment).map(|rates| types::Rates {
            input: rates.input.0,
            output: rates.output.0,
            cached_input: rates.cached_input.map(|price| price.0),
            cache_write: rates.cache_write.map(|price| price.0),
            version: rates.version,
        }))
    }
}
