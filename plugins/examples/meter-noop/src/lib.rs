//! For the bench: a meter that charges nothing.

use tollgate_sdk::types::Pricing;

tollgate_sdk::meter!("../../../wit", Noop);

struct Noop;

impl Guest for Noop {
    fn settle(_principal: Principal, _call: Call, _outcome: Outcome) -> Charge {
        Charge { amount: 0, input: 0, cached: 0, output: 0, pricing: Pricing::Unpriced }
    }
}
