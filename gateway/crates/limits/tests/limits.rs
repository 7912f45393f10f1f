//! What limits promise, one thread at a time and many at once.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::collections::HashMap;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tollgate_domain::{CallId, Claim, ClaimError, Excess, NanoUsd};
use tollgate_limits::Limits;

fn rate(bucket: &str, units: u64, ceiling: u64) -> Claim {
    Claim::Rate { bucket: bucket.into(), units, ceiling, window: Duration::from_secs(60) }
}

fn money(bucket: &str, amount: u64, ceiling: u64) -> Claim {
    Claim::Money {
        bucket: bucket.into(),
        amount: NanoUsd::new(amount),
        ceiling: NanoUsd::new(ceiling),
    }
}

fn reserve(limits: &Limits, claims: &[Claim], now: u64) -> (CallId, Result<Vec<u64>, ClaimError>) {
    let call = CallId::generate();
    (call, limits.reserve(call, claims, now))
}

fn seeded(bucket: &str) -> Limits {
    let limits = Limits::new();
    limits.seed(bucket, NanoUsd::ZERO);
    limits
}

#[test]
fn a_window_starts_at_its_first_event_and_ends_a_length_later() {
    let limits = Limits::new();
    let claims = [rate("k", 1, 2)];
    assert_eq!(reserve(&limits, &claims, 1_000).1, Ok(vec![1]));
    assert_eq!(reserve(&limits, &claims, 60_000).1, Ok(vec![0]));
    let full = Excess { claim: 0, used: 2, resets_at: Some(61_000) };
    assert_eq!(reserve(&limits, &claims, 60_999).1, Err(ClaimError::Exceeded(full)));
    assert_eq!(reserve(&limits, &claims, 61_000).1, Ok(vec![1]));
}

#[test]
fn a_clock_set_back_does_not_lengthen_a_window() {
    let limits = Limits::new();
    let claims = [rate("k", 1, 1)];
    assert!(reserve(&limits, &claims, 10_000_000).1.is_ok());
    let full = Excess { claim: 0, used: 1, resets_at: Some(65_000) };
    assert_eq!(reserve(&limits, &claims, 5_000).1, Err(ClaimError::Exceeded(full)));
}

#[test]
fn a_refusal_burns_nothing_whatever_claim_refuses() {
    let limits = seeded("b");
    for claims in [
        [rate("k", 1, 1), rate("k", 1, 1), money("b", 1, 10)],
        [rate("k", 1, 5), money("b", 11, 10), rate("j", 1, 5)],
        [money("b", 6, 10), money("b", 6, 10), rate("k", 1, 5)],
        [money("b", 6, 10), rate("k", 1, 5), money("unknown", 1, 5)],
    ] {
        assert!(reserve(&limits, &claims, 0).1.is_err(), "{claims:?}");
    }
    assert_eq!(limits.open_total(), NanoUsd::ZERO);
    assert_eq!(reserve(&limits, &[rate("k", 1, 1), money("b", 10, 10)], 0).1, Ok(vec![0, 0]));
}

#[test]
fn the_refusing_claim_is_named_with_what_is_used() {
    let limits = seeded("b");
    limits.set_spent("b", NanoUsd::new(4));
    assert!(reserve(&limits, &[money("b", 3, 10)], 0).1.is_ok());
    let (_, refused) = reserve(&limits, &[rate("k", 1, 5), money("b", 4, 10)], 0);
    assert_eq!(refused, Err(ClaimError::Exceeded(Excess { claim: 1, used: 7, resets_at: None })));
}

#[test]
fn malformed_claims_are_invalid() {
    let limits = seeded("b");
    let zero = Claim::Rate { bucket: "k".into(), units: 1, ceiling: 1, window: Duration::ZERO };
    let long = Claim::Rate {
        bucket: "k".into(),
        units: 1,
        ceiling: 1,
        window: Duration::from_millis(86_400_001),
    };
    for claims in
        [vec![zero], vec![long], vec![rate(&"x".repeat(201), 1, 1)], vec![rate("k", 0, 1); 33]]
    {
        assert!(matches!(reserve(&limits, &claims, 0).1, Err(ClaimError::Invalid(_))));
    }
    let (call, first) = reserve(&limits, &[], 0);
    assert_eq!(first, Ok(vec![]));
    assert!(matches!(limits.reserve(call, &[money("b", 1, 9)], 0), Err(ClaimError::Invalid(_))));
    assert_eq!(limits.open_total(), NanoUsd::ZERO);
}

#[test]
fn an_unknown_budget_is_unavailable_until_it_is_seeded() {
    let limits = Limits::new();
    assert_eq!(reserve(&limits, &[money("b", 1, 9)], 0).1, Err(ClaimError::Unavailable));
    limits.charge("b", NanoUsd::new(5));
    assert_eq!(limits.spent("b"), None);
    limits.seed("b", NanoUsd::new(2));
    limits.seed("b", NanoUsd::new(7));
    limits.charge("b", NanoUsd::new(1));
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(3)));
    limits.forget("b");
    assert_eq!(reserve(&limits, &[money("b", 1, 9)], 0).1, Err(ClaimError::Unavailable));
}

#[test]
fn cancelling_gives_events_and_money_back_and_settling_only_money() {
    let limits = seeded("b");
    let claims = [rate("k", 1, 1), money("b", 5, 5)];
    let (call, first) = reserve(&limits, &claims, 0);
    assert!(first.is_ok());
    assert_eq!(limits.reserved(call), NanoUsd::new(5));
    limits.cancel(call);
    limits.cancel(call);
    let (call, second) = reserve(&limits, &claims, 0);
    assert!(second.is_ok());
    assert!(limits.settle(call, NanoUsd::new(2)).is_none());
    assert!(limits.settle(call, NanoUsd::new(2)).is_none());
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(2)));
    assert!(reserve(&limits, &[rate("k", 1, 1)], 0).1.is_err());
    assert_eq!(reserve(&limits, &[money("b", 3, 5)], 0).1, Ok(vec![0]));
}

#[test]
fn a_late_cancel_does_not_touch_the_next_window() {
    let limits = Limits::new();
    let (call, _) = reserve(&limits, &[rate("k", 1, 1)], 0);
    assert!(reserve(&limits, &[rate("k", 1, 1)], 60_000).1.is_ok());
    limits.cancel(call);
    assert!(reserve(&limits, &[rate("k", 1, 1)], 60_001).1.is_err());
}

#[test]
fn a_charge_above_the_reservation_is_counted_and_reported() {
    let limits = seeded("b");
    let (call, _) = reserve(&limits, &[money("b", 5, 9)], 0);
    assert_eq!(limits.settle(call, NanoUsd::new(7)).0, NanoUsd::new(2));
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(7)));
    let (free, _) = reserve(&limits, &[money("b", 0, 9)], 0);
    assert_eq!(limits.settle(free, NanoUsd::new(1)).0, NanoUsd::new(1));
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(8)));
}

#[test]
fn a_forgotten_budget_keeps_its_open_reservations() {
    let limits = seeded("b");
    let (call, _) = reserve(&limits, &[money("b", 5, 9)], 0);
    limits.forget("b");
    limits.seed("b", NanoUsd::new(1));
    assert!(reserve(&limits, &[money("b", 4, 9)], 0).1.is_err());
    assert!(limits.settle(call, NanoUsd::new(5)).is_none());
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(6)));
    assert_eq!(limits.open_total(), NanoUsd::ZERO);
}

#[test]
fn sums_near_the_largest_amount_do_not_slip_past_the_ceiling() {
    let limits = seeded("b");
    let max = NanoUsd::MAX.get();
    assert_eq!(reserve(&limits, &[money("b", max, max)], 0).1, Ok(vec![0]));
    assert!(reserve(&limits, &[money("b", 1, max)], 0).1.is_err());
    assert!(reserve(&limits, &[rate("k", u64::MAX, u64::MAX)], 0).1.is_ok());
    assert!(reserve(&limits, &[rate("k", 1, u64::MAX)], 0).1.is_err());
}

#[test]
fn ended_windows_do_not_pile_up() {
    let limits = Limits::new();
    for minute in 0..50 {
        for key in 0..1_000 {
            let claims = [rate(&format!("{minute}:{key}"), 1, 1)];
            assert!(reserve(&limits, &claims, minute * 60_000).1.is_ok());
        }
    }
    assert!(limits.windows_len() < 6_000, "{}", limits.windows_len());
}

#[test]
fn two_hundred_threads_on_a_budget_for_fifty_are_admitted_exactly_fifty_times() {
    for _ in 0..20 {
        let limits = seeded("b");
        let barrier = Barrier::new(200);
        let claims = [rate("k", 1, 1_000), money("b", 2, 100)];
        let admitted = thread::scope(|scope| {
            let threads: Vec<_> = (0..200)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let (call, result) = reserve(&limits, &claims, 0);
                        result.is_ok().then_some(call)
                    })
                })
                .collect();
            threads.into_iter().filter_map(|t| t.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(admitted.len(), 50);
        assert_eq!(limits.open_total(), NanoUsd::new(100));
        assert_eq!(reserve(&limits, &[rate("k", 0, 1_000)], 0).1, Ok(vec![950]));
        for call in admitted {
            assert!(limits.settle(call, NanoUsd::new(2)).is_none());
        }
        assert_eq!(limits.open_total(), NanoUsd::ZERO);
        assert_eq!(limits.spent("b"), Some(NanoUsd::new(100)));
    }
}

/// One thread's random calls over shared buckets; gives what it knows it spent.
fn random_calls(limits: &Limits, seed: u64, ceiling: u64) -> HashMap<String, u64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut open: Vec<(CallId, Vec<String>, u64)> = Vec::new();
    let mut spent = HashMap::new();
    for _ in 0..4_000 {
        let names: Vec<String> = (0..random.random_range(1..6))
            .map(|_| format!("b{}", random.random_range(0..8)))
            .collect();
        let amount = random.random_range(0..40);
        let mut claims: Vec<Claim> = names.iter().map(|n| money(n, amount, ceiling)).collect();
        claims.insert(random.random_range(0..=claims.len()), rate("shared", 1, u64::MAX));
        let (call, result) = reserve(limits, &claims, 0);
        if result.is_ok() {
            open.push((call, names, amount));
        }
        for n in 0..8 {
            let used = limits.spent(&format!("b{n}")).unwrap();
            assert!(used.get() <= ceiling, "b{n} is at {used:?}");
        }
        if open.len() > 5 || (random.random_bool(0.4) && !open.is_empty()) {
            let (call, mut names, amount) = open.swap_remove(random.random_range(0..open.len()));
            if random.random_bool(0.3) {
                limits.cancel(call);
                continue;
            }
            let cost = random.random_range(0..=amount);
            assert!(limits.settle(call, NanoUsd::new(cost)).is_none());
            names.sort();
            names.dedup();
            names.into_iter().for_each(|n| *spent.entry(n).or_insert(0) += cost);
        }
    }
    open.into_iter().for_each(|(call, ..)| limits.cancel(call));
    spent
}

#[test]
fn random_calls_on_many_threads_never_pass_a_ceiling_and_leave_nothing_open() {
    for round in 0..4 {
        let limits = Limits::new();
        (0..8).for_each(|n| limits.seed(&format!("b{n}"), NanoUsd::ZERO));
        let ceiling = 20_000;
        let sums = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|t| {
                    scope.spawn({
                        let limits = &limits;
                        move || random_calls(limits, round * 100 + t, ceiling)
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(limits.open_total(), NanoUsd::ZERO);
        for n in 0..8 {
            let name = format!("b{n}");
            let known: u64 = sums.iter().filter_map(|sum| sum.get(&name)).sum();
            assert_eq!(limits.spent(&name), Some(NanoUsd::new(known)));
            let rest = ceiling - known;
            assert_eq!(reserve(&limits, &[money(&name, rest, ceiling)], 0).1, Ok(vec![0]));
        }
    }
}

#[test]
fn what_another_process_holds_counts_before_and_after_the_budget_is_known() {
    let limits = Limits::new();
    let theirs = [CallId::generate(), CallId::generate()];
    limits.hold(theirs[0], "b", NanoUsd::new(4));
    limits.hold(theirs[0], "b", NanoUsd::new(4));
    assert_eq!(limits.spent("b"), None);
    limits.seed("b", NanoUsd::new(1));
    limits.hold(theirs[1], "b", NanoUsd::new(2));
    let full = Excess { claim: 0, used: 7, resets_at: None };
    let (_, refused) = reserve(&limits, &[money("b", 4, 10)], 0);
    assert_eq!(refused, Err(ClaimError::Exceeded(full)));
    assert_eq!(reserve(&limits, &[money("b", 3, 10)], 0).1, Ok(vec![0]));
    limits.settle_held(theirs[0], "b", NanoUsd::new(1));
    limits.cancel(theirs[1]);
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(2)));
    assert_eq!(reserve(&limits, &[money("b", 5, 10)], 0).1, Ok(vec![0]));
}

#[test]
fn another_processs_cost_is_charged_once_whether_it_was_held_or_not() {
    let limits = seeded("b");
    let held = CallId::generate();
    limits.hold(held, "b", NanoUsd::new(5));
    limits.settle_held(held, "b", NanoUsd::new(3));
    limits.settle_held(CallId::generate(), "b", NanoUsd::new(2));
    assert_eq!(limits.spent("b"), Some(NanoUsd::new(5)));
    limits.settle_held(CallId::generate(), "unknown", NanoUsd::new(2));
    assert_eq!(limits.spent("unknown"), None);
    assert_eq!(limits.open_total(), NanoUsd::ZERO);
}

#[test]
fn a_hold_on_an_unknown_budget_leaves_nothing_behind() {
    let limits = Limits::new();
    let held = CallId::generate();
    limits.hold(held, "b", NanoUsd::new(5));
    limits.settle_held(held, "b", NanoUsd::new(5));
    assert_eq!(limits.spent("b"), None);
    limits.seed("b", NanoUsd::ZERO);
    assert_eq!(reserve(&limits, &[money("b", 9, 9)], 0).1, Ok(vec![0]));
}

#[test]
fn a_call_no_longer_fits_once_others_hold_what_it_took() {
    let limits = seeded("b");
    let (call, _) = reserve(&limits, &[rate("k", 1, 9), money("b", 3, 10), money("b", 3, 8)], 0);
    let (loose, _) = reserve(&limits, &[money("b", 1, 99)], 0);
    let theirs = [CallId::generate(), CallId::generate()];
    limits.hold(theirs[0], "b", NanoUsd::new(1));
    assert!(limits.fits(call), "6, 1 and 1 are 8");
    limits.hold(theirs[1], "b", NanoUsd::new(1));
    assert!(!limits.fits(call));
    assert!(limits.fits(loose) && limits.fits(theirs[0]) && limits.fits(CallId::generate()));
    limits.settle_held(theirs[1], "b", NanoUsd::ZERO);
    assert!(limits.fits(call));
}
