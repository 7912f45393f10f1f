//! Meter: what a call used, at the prices of the deployment that served it.

mod policy;

use tollgate_sdk::prices;

tollgate_sdk::meter!("../../wit", TokenMeter);

struct TokenMeter;

impl Guest for TokenMeter {
    fn settle(_principal: Principal, _call: Call, outcome: Outcome) -> Charge {
        policy::charge(prices::of(&outcome.deployment), outcome.usage)
    }
}
