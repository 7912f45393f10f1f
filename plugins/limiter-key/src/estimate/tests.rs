use super::*;

fn rates(input: u64, output: u64) -> Rates {
    Rates { input, output, cached_input: None, cache_write: None, version: "v1".into() }
}

fn call(output_cap: Option<u64>, candidates: &[(&str, Option<u64>)]) -> Call {
    Call {
        id: "id".into(),
        dialect: "openai-chat".into(),
        model: "gpt".into(),
        streamed: false,
        input_bound: 10,
        output_cap,
        choices: 2,
        candidates: candidates
            .iter()
            .map(|(deployment, output_max)| Candidate {
                deployment: (*deployment).into(),
                output_max: *output_max,
            })
            .collect(),
    }
}

#[test]
fn the_dearest_deployment_and_every_choice_count() {
    let call = call(Some(100), &[("cheap", None), ("dear", None)]);
    let estimate = Estimate::of(&call, |name| match name {
        "cheap" => Some(rates(1_000_000, 2_000_000)),
        _ => Some(rates(3_000_000, 4_000_000)),
    })
    .unwrap();
    assert_eq!(estimate.amount(estimate.cap()), 10 * 3 + 2 * 100 * 4);
    assert_eq!(estimate.imposed_cap(), None);
}

#[test]
fn the_dearest_kind_of_input_counts() {
    let call = call(Some(0), &[("one", None)]);
    for (cached, write, expected) in
        [(None, None, 20), (Some(1_000_000), Some(5_000_000), 50), (Some(3_000_000), None, 30)]
    {
        let rates = Rates { cached_input: cached, cache_write: write, ..rates(2_000_000, 0) };
        let estimate = Estimate::of(&call, |_| Some(rates.clone())).unwrap();
        assert_eq!(estimate.amount(0), expected);
    }
}

#[test]
fn a_broken_nano_dollar_is_rounded_up_once() {
    let call = Call { input_bound: 1, choices: 1, ..call(Some(1), &[("one", None)]) };
    let estimate = Estimate::of(&call, |_| Some(rates(300_000, 300_000))).unwrap();
    assert_eq!(estimate.amount(1), 1);
    let estimate = Estimate::of(&call, |_| Some(rates(600_000, 600_000))).unwrap();
    assert_eq!(estimate.amount(1), 2);
}

#[test]
fn a_cap_is_imposed_where_the_clients_does_not_hold() {
    let caps = |own, candidates: &[(&str, Option<u64>)]| {
        let call = call(own, candidates);
        let estimate = Estimate::of(&call, |_| Some(rates(1, 1))).unwrap();
        (estimate.cap(), estimate.imposed_cap())
    };
    assert_eq!(caps(None, &[("one", None)]), (4096, Some(4096)));
    assert_eq!(caps(None, &[("one", Some(1000))]), (1000, Some(1000)));
    assert_eq!(caps(None, &[("one", Some(9000))]), (4096, Some(4096)));
    assert_eq!(caps(Some(9000), &[("one", Some(9000))]), (9000, None));
    assert_eq!(caps(Some(9000), &[("one", Some(8000))]), (8000, Some(8000)));
    assert_eq!(caps(Some(3000), &[("one", Some(1000)), ("two", None)]), (3000, Some(3000)));
}

#[test]
fn the_cap_within_an_amount_is_the_largest_that_fits() {
    let call = call(None, &[("one", Some(1000)), ("two", None)]);
    let estimate = Estimate::of(&call, |name| match name {
        "one" => Some(rates(1_000_000, 9_000_000)),
        _ => Some(rates(2_000_000, 700_001)),
    })
    .unwrap();
    for amount in [20, 100, 777, 1433, 1434, 5000, 18_009, 18_010, 1_000_000] {
        let cap = estimate.cap_within(amount).unwrap();
        assert!(estimate.amount(cap) <= amount, "{amount}");
        assert!(cap == estimate.cap() || estimate.amount(cap + 1) > amount, "{amount}");
    }
    assert_eq!(estimate.cap_within(19), None, "the input alone costs 20");
}

#[test]
fn output_without_a_price_has_no_bound_by_money() {
    let call = call(None, &[("one", None)]);
    let estimate = Estimate::of(&call, |_| Some(rates(1_000_000, 0))).unwrap();
    assert_eq!(estimate.cap_within(10), Some(4096));
}

#[test]
fn the_deployment_without_a_price_is_named() {
    let call = call(None, &[("one", None), ("two", None)]);
    let found = Estimate::of(&call, |name| (name == "one").then(|| rates(1, 1)));
    assert_eq!(found.unwrap_err().deployment, "two");
}

#[test]
fn absurd_figures_do_not_overflow() {
    let call =
        Call { input_bound: u64::MAX, choices: u64::MAX, ..call(Some(u64::MAX), &[("one", None)]) };
    let estimate = Estimate::of(&call, |_| Some(rates(u64::MAX, u64::MAX))).unwrap();
    assert_eq!(estimate.amount(estimate.cap()), tollgate_sdk::NANO_MAX);
    assert_eq!(estimate.cap_within(u64::MAX), None);
}
