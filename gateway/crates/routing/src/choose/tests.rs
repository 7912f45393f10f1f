use std::collections::HashMap;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::{Ceilings, Healths, Knobs, Last, Router, Row, Step, Wish};

const NOW: Moment = Moment::ORIGIN;

fn router(strategy: Strategy, rows: Vec<(&'static str, Knobs)>) -> (Router<&'static str>, Healths) {
    let healths = Healths::default();
    let rows = rows.into_iter().map(|(id, knobs)| Row {
        id: id.to_owned(),
        group: "g".to_owned(),
        knobs,
        deployment: id,
    });
    (Router::new(Rules { strategy, ..Rules::default() }, rows, &healths), healths)
}

/// How often each deployment is the first of 10 000 calls that are over at once.
fn shares(router: &Router<&'static str>) -> HashMap<&'static str, u32> {
    let mut dice = StdRng::seed_from_u64(7);
    let mut shares = HashMap::new();
    for _ in 0..10_000 {
        let mut plan = router.plan(Wish { model: "g".into(), ..Wish::default() }).unwrap();
        let Step::Attempt(attempt) = plan.next(Last::Nothing, NOW, &mut dice) else {
            panic!("nobody")
        };
        *shares.entry(attempt.member.deployment).or_default() += 1;
    }
    shares
}

fn weight(weight: f64) -> Knobs {
    Knobs { weight: Some(weight), ..Knobs::default() }
}

fn calls(calls: u32) -> Knobs {
    let ceilings = Ceilings { calls: Some(calls), ..Ceilings::default() };
    Knobs { ceilings, ..Knobs::default() }
}

fn is_near(shares: &HashMap<&str, u32>, id: &str, expected: u32) {
    let share = shares.get(id).copied().unwrap_or(0);
    assert!(share.abs_diff(expected) < 250, "{id}: {share}, not {expected}");
}

#[test]
fn the_shuffle_is_even_without_weights() {
    let rows = ["a", "b", "c", "d"].map(|id| (id, Knobs::default()));
    let shares = shares(&router(Strategy::SimpleShuffle, rows.into()).0);
    ["a", "b", "c", "d"].iter().for_each(|id| is_near(&shares, id, 2500));
}

#[test]
fn the_shuffle_keeps_weights() {
    let rows =
        vec![("a", weight(7.0)), ("b", weight(2.5)), ("c", weight(0.5)), ("d", Knobs::default())];
    let shares = shares(&router(Strategy::SimpleShuffle, rows).0);
    is_near(&shares, "a", 7000);
    is_near(&shares, "b", 2500);
    is_near(&shares, "c", 500);
    assert_eq!(shares.get("d"), None, "one without a weight beside weights gets nothing");
}

#[test]
fn weights_that_are_all_zero_are_no_weights() {
    let shares =
        shares(&router(Strategy::SimpleShuffle, vec![("a", weight(0.0)), ("b", weight(0.0))]).0);
    is_near(&shares, "a", 5000);
}

#[test]
fn ceilings_serve_as_weights() {
    let rows = vec![("a", calls(300_000)), ("b", calls(100_000))];
    let shares = shares(&router(Strategy::SimpleShuffle, rows).0);
    is_near(&shares, "a", 7500);
    is_near(&shares, "b", 2500);
}

#[test]
fn the_least_busy_is_chosen() {
    let (router, healths) =
        router(Strategy::LeastBusy, ["a", "b", "c"].map(|id| (id, Knobs::default())).into());
    let none = Ceilings::default();
    for (id, busy) in [("a", 3), ("b", 1), ("c", 2)] {
        (0..busy).for_each(|_| assert!(healths.of(id).begin(&none, 0, NOW)));
    }
    assert_eq!(shares(&router), HashMap::from([("b", 10_000)]));
    healths.of("c").end();
    let shares = shares(&router);
    is_near(&shares, "b", 5000);
    is_near(&shares, "c", 5000);
}

#[test]
fn the_cheapest_is_chosen_and_one_without_a_price_last() {
    let price = |price| Knobs { price, ..Knobs::default() };
    let rows = vec![("dear", price(Some(9))), ("cheap", price(Some(3))), ("unknown", price(None))];
    assert_eq!(shares(&router(Strategy::CostBased, rows).0), HashMap::from([("cheap", 10_000)]));
}

#[test]
fn the_one_that_used_the_fewest_tokens_is_chosen() {
    let tokens = Ceilings { tokens: Some(1000), ..Ceilings::default() };
    let knobs = Knobs { ceilings: tokens, ..Knobs::default() };
    let (router, healths) = router(Strategy::UsageBased, vec![("a", knobs.clone()), ("b", knobs)]);
    assert!(healths.of("a").begin(&tokens, 10, NOW));
    assert_eq!(shares(&router), HashMap::from([("b", 10_000)]));
}

#[test]
fn the_slow_one_is_avoided_by_latency_but_never_starved_of_two_draws() {
    let (router, healths) = router(
        Strategy::LatencyBased,
        ["slow", "fast", "middle"].map(|id| (id, Knobs::default())).into(),
    );
    for (id, ms) in [("slow", 900), ("fast", 100), ("middle", 300)] {
        healths.of(id).answered(Duration::from_millis(ms), NOW);
    }
    let shares = shares(&router);
    // Each pair is drawn in a third of the calls, and the better of it taken.
    is_near(&shares, "fast", 6667);
    is_near(&shares, "middle", 3333);
    assert_eq!(shares.get("slow"), None);
}

#[test]
fn calls_under_way_count_as_latency() {
    let (router, healths) =
        router(Strategy::LatencyBased, ["a", "b"].map(|id| (id, Knobs::default())).into());
    healths.of("a").answered(Duration::from_millis(100), NOW);
    healths.of("b").answered(Duration::from_millis(150), NOW);
    assert_eq!(shares(&router), HashMap::from([("a", 10_000)]));
    assert!(healths.of("a").begin(&Ceilings::default(), 0, NOW));
    assert_eq!(shares(&router), HashMap::from([("b", 10_000)]));
}

#[test]
fn the_lowest_order_is_asked_as_long_as_it_is_available() {
    let order = |order| Knobs { order, ..Knobs::default() };
    let rows = vec![("last", order(None)), ("two", order(Some(2))), ("one", order(Some(1)))];
    let (router, healths) = router(Strategy::SimpleShuffle, rows);
    assert_eq!(shares(&router), HashMap::from([("one", 10_000)]));
    let timeout = crate::Cause::Timeout.into();
    healths.of("one").failed(&timeout, &router.rules().cooldowns, false, NOW);
    assert_eq!(shares(&router), HashMap::from([("two", 10_000)]));
    healths.of("two").failed(&timeout, &router.rules().cooldowns, false, NOW);
    assert_eq!(shares(&router), HashMap::from([("last", 10_000)]));
}

#[test]
fn one_that_is_full_makes_way() {
    let rows = vec![("a", calls(100)), ("b", calls(1_000_000))];
    let (router, healths) = router(Strategy::SimpleShuffle, rows);
    let ceilings = router.groups()[0].members()[0].knobs.ceilings;
    (0..100).for_each(|_| assert!(healths.of("a").begin(&ceilings, 0, NOW)));
    assert_eq!(shares(&router), HashMap::from([("b", 10_000)]));
}

#[test]
fn one_that_probes_find_down_is_asked_only_if_there_is_no_other() {
    let (router, healths) =
        router(Strategy::SimpleShuffle, ["a", "b"].map(|id| (id, Knobs::default())).into());
    healths.of("a").probed(false);
    assert_eq!(shares(&router), HashMap::from([("b", 10_000)]));
    healths.of("b").probed(false);
    is_near(&shares(&router), "a", 5000);
}
