//! Fixture for the host's tests: a meter that works, to be refused in any other role.

use tollgate_sdk::types::Pricing;

tollgate_sdk::meter!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn settle(_principal: Principal, _call: Call, _outcome: Outcome) -> Charge {
        Charge { amount: 0, input: 0, cached: 0, output: 0, pricing: Pricing::Unpriced }
    }
}
