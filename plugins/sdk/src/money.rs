//! Sums of femto-dollars brought to nano-dollars, and nano-dollars as people read them.

use crate::types::NanoUsd;

/// The largest amount that the host can keep: 2⁶³ − 1 nano-dollars.
pub const NANO_MAX: NanoUsd = i64::MAX.unsigned_abs();

const FEMTO_PER_NANO: u128 = 1_000_000;
const NANO_PER_USD: NanoUsd = 1_000_000_000;

/// Femto-dollars as nano-dollars, rounded up, for what may not be too little. Never above
/// [`NANO_MAX`].
pub fn femto_to_nano_ceiling(femto: u128) -> NanoUsd {
    bounded(femto.div_ceil(FEMTO_PER_NANO))
}

/// Femto-dollars as nano-dollars, halves rounded up, for what is charged. Never above
/// [`NANO_MAX`].
pub fn femto_to_nano_nearest(femto: u128) -> NanoUsd {
    bounded(femto.saturating_add(FEMTO_PER_NANO / 2) / FEMTO_PER_NANO)
}

/// Dollars in decimal notation, exact, without trailing zeros but with at least one decimal place.
pub fn usd_text(nano: NanoUsd) -> String {
    let mut text = format!("{}.{:09}", nano / NANO_PER_USD, nano % NANO_PER_USD);
    let zeros = text.bytes().rev().take_while(|byte| *byte == b'0').count();
    text.truncate(text.len() - zeros.min(8));
    text
}

fn bounded(nano: u128) -> NanoUsd {
    NanoUsd::try_from(nano).unwrap_or(NANO_MAX).min(NANO_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_printed_exactly() {
        for (nano, text) in [
            (0, "0.0"),
            (1, "0.000000001"),
            (10_000_000, "0.01"),
            (1_500_000_000, "1.5"),
            (20_000_000_000, "20.0"),
            (u64::MAX, "18446744073.709551615"),
        ] {
            assert_eq!(usd_text(nano), text);
        }
    }

    #[test]
    fn femto_dollars_are_rounded_as_said_and_stop_at_the_largest_amount() {
        for (femto, up, nearest) in
            [(0, 0, 0), (1, 1, 0), (499_999, 1, 0), (500_000, 1, 1), (1_000_000, 1, 1)]
        {
            assert_eq!(femto_to_nano_ceiling(femto), up, "{femto}");
            assert_eq!(femto_to_nano_nearest(femto), nearest, "{femto}");
        }
        assert_eq!(femto_to_nano_ceiling(u128::MAX), NANO_MAX);
        assert_eq!(femto_to_nano_nearest(u128::MAX), NANO_MAX);
    }
}
