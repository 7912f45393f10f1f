//! Tokens times prices.

use tollgate_sdk::femto_to_nano_nearest;
use tollgate_sdk::types::{Charge, FemtoUsd, Observed, Pricing, Rates, Tokens, Usage};

const NOTHING: Usage = Usage {
    input: 0,
    output: 0,
    cached_input: 0,
    cache_write: 0,
    reasoning: 0,
    audio_input: 0,
    audio_output: 0,
};

/// What the usage costs at the rates. The amount is rounded once; the parts are rounded each for
/// itself and need not add up to it.
pub(crate) fn charge(rates: Option<Rates>, observed: Observed) -> Charge {
    let Some(rates) = rates else {
        return Charge { amount: 0, input: 0, cached: 0, output: 0, pricing: Pricing::Unpriced };
    };
    let usage = match observed {
        Observed::Reported(usage) | Observed::Estimated(usage) => usage,
        Observed::Nothing => NOTHING,
    };
    let uncached = usage.input.saturating_sub(usage.cached_input).saturating_sub(usage.cache_write);
    let input = cost(uncached, rates.input);
    let cached = cost(usage.cached_input, rates.cached_input.unwrap_or(rates.input))
        .saturating_add(cost(usage.cache_write, rates.cache_write.unwrap_or(rates.input)));
    let output = cost(usage.output, rates.output);
    Charge {
        amount: femto_to_nano_nearest(input.saturating_add(cached).saturating_add(output)),
        input: femto_to_nano_nearest(input),
        cached: femto_to_nano_nearest(cached),
        output: femto_to_nano_nearest(output),
        pricing: Pricing::Priced(rates.version),
    }
}

/// Femto-dollars; the product of two 64-bit numbers always fits.
fn cost(tokens: Tokens, rate: FemtoUsd) -> u128 {
    u128::from(tokens) * u128::from(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates {
            input: 150_000_000,
            output: 600_000_000,
            cached_input: Some(75_000_000),
            cache_write: Some(187_500_000),
            version: "v1".into(),
        }
    }

    fn usage(input: u64, output: u64, cached_input: u64, cache_write: u64) -> Usage {
        Usage { input, output, cached_input, cache_write, ..NOTHING }
    }

    #[test]
    fn every_kind_of_token_has_its_own_price() {
        let charge = charge(Some(rates()), Observed::Reported(usage(9, 3, 4, 2)));
        assert_eq!((charge.input, charge.cached, charge.output), (450, 675, 1800));
        assert_eq!(charge.amount, 2925);
        assert_eq!(charge.pricing, Pricing::Priced("v1".into()));
    }

    #[test]
    fn tokens_of_the_cache_cost_as_input_where_it_has_no_price() {
        let rates = Rates { cached_input: None, cache_write: None, ..rates() };
        let charge = charge(Some(rates), Observed::Estimated(usage(9, 0, 4, 2)));
        assert_eq!((charge.input, charge.cached, charge.amount), (450, 900, 1350));
    }

    #[test]
    fn the_amount_is_rounded_once_and_halves_go_up() {
        let rates = Rates { input: 300_000, output: 200_000, ..rates() };
        let charge = charge(Some(rates), Observed::Reported(usage(1, 1, 0, 0)));
        assert_eq!((charge.input, charge.output, charge.amount), (0, 0, 1));
    }

    #[test]
    fn more_cached_than_input_is_never_less_than_nothing() {
        let charge = charge(Some(rates()), Observed::Reported(usage(1, 0, 4, 0)));
        assert_eq!((charge.input, charge.amount), (0, 300));
    }

    #[test]
    fn nothing_costs_nothing_and_says_whether_there_is_a_price() {
        let free = charge(Some(rates()), Observed::Nothing);
        assert_eq!((free.amount, free.pricing), (0, Pricing::Priced("v1".into())));
        let unpriced = charge(None, Observed::Reported(usage(9, 3, 4, 2)));
        assert_eq!((unpriced.amount, unpriced.pricing), (0, Pricing::Unpriced));
    }

    #[test]
    fn absurd_figures_stop_at_the_largest_amount() {
        let rates = Rates { input: u64::MAX, output: u64::MAX, ..rates() };
        let charge = charge(Some(rates), Observed::Reported(usage(u64::MAX, u64::MAX, 0, 0)));
        assert_eq!(charge.amount, tollgate_sdk::NANO_MAX);
    }
}
