//! How long the same deployment is left in peace before it is asked again.

use std::time::Duration;

use rand::{Rng, RngCore};

use crate::failure::Failure;

/// The first wait; each one after it is twice as long.
const FIRST: Duration = Duration::from_millis(500);

/// The longest wait that grows so.
const LONGEST: Duration = Duration::from_secs(8);

/// The longest that a client is kept waiting because a provider asks for it.
const ASKED_MAX: Duration = Duration::from_secs(60);

/// The wait before another attempt after `retries` ones; none if it is not worth it: the provider
/// asks for a wait, and either somebody else can be asked instead, or it is too long.
pub(super) fn before_same(
    failure: &Failure,
    can_go_on: bool,
    retries: u32,
    least: Duration,
    dice: &mut dyn RngCore,
) -> Option<Duration> {
    if let Some(asked) = failure.retry_after {
        return (!can_go_on && asked <= ASKED_MAX).then_some(asked.max(least));
    }
    let grown = FIRST.saturating_mul(1 << retries.min(8)).min(LONGEST);
    // Up to a quarter less, so that calls that failed together do not come back together.
    Some(grown.mul_f64(1.0 - 0.25 * dice.random::<f64>()).max(least))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::Cause;

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        let mut dice = StdRng::seed_from_u64(1);
        let failure = Failure::from(Cause::Internal);
        for (retries, most) in [(0, 500), (1, 1000), (3, 4000), (5, 8000), (1000, 8000)] {
            let mut seen = std::collections::HashSet::new();
            for _ in 0..50 {
                let wait = before_same(&failure, true, retries, Duration::ZERO, &mut dice);
                let wait = wait.unwrap().as_millis();
                assert!((most * 3 / 4..=most).contains(&wait), "{retries}: {wait}");
                seen.insert(wait);
            }
            assert!(seen.len() > 20);
        }
        let least = Duration::from_secs(20);
        assert_eq!(before_same(&failure, true, 0, least, &mut dice), Some(least));
    }

    #[test]
    fn a_providers_wish_is_kept_unless_somebody_else_can_be_asked() {
        let mut dice = StdRng::seed_from_u64(1);
        let mut wait = |seconds, can_go_on| {
            let retry_after = Some(Duration::from_secs(seconds));
            let failure = Failure { cause: Cause::RateLimited, retry_after };
            before_same(&failure, can_go_on, 0, Duration::from_secs(2), &mut dice)
        };
        assert_eq!(wait(7, false), Some(Duration::from_secs(7)));
        assert_eq!(wait(1, false), Some(Duration::from_secs(2)));
        assert_eq!(wait(7, true), None);
        assert_eq!(wait(61, false), None);
    }
}
