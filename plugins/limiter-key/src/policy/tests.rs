use std::cell::RefCell;

use tollgate_sdk::types::{Candidate, KeyLimits};

use super::*;

const KEY_ID: &str = "9fbc519a0aabd9e69fdeb0384239e326abaebf7de1c414d3f93b182f37348e48";

/// A host with one budget and one counter, which remembers what it was asked to reserve.
#[derive(Default)]
struct Desk {
    used: u64,
    calls: u64,
    error: Option<Error>,
    asked: RefCell<Vec<Vec<Claim>>>,
    unpriced: bool,
}

impl Host for Desk {
    fn now(&self) -> Milliseconds {
        1_000
    }

    fn rates(&self, _deployment: &str) -> Option<Rates> {
        (!self.unpriced).then(|| Rates {
            input: 1_000_000,
            output: 2_000_000,
            cached_input: None,
            cache_write: None,
            version: "v1".into(),
        })
    }

    fn reserve(&self, claims: &[Claim]) -> Result<Vec<u64>, Error> {
        self.asked.borrow_mut().push(claims.to_vec());
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut remaining = Vec::new();
        for (position, claim) in claims.iter().enumerate() {
            let (used, amount, ceiling, resets_at) = match claim {
                Claim::Rate(rate) => (self.calls, rate.units, rate.ceiling, Some(60_001)),
                Claim::Money(money) => (self.used, money.amount, money.ceiling, None),
            };
            if used + amount > ceiling {
                let claim = u32::try_from(position).unwrap();
                return Err(Error::Exceeded(Excess { claim, used, resets_at }));
            }
            remaining.push(ceiling - used - amount);
        }
        Ok(remaining)
    }

    fn report(&self, _line: &str) {}
}

fn principal(requests_per_minute: Option<u64>, max_budget: Option<u64>) -> Principal {
    Principal {
        key_id: KEY_ID.into(),
        key_name: "sk-...fDiQ".into(),
        key_alias: None,
        user_id: None,
        team_id: None,
        models: Vec::new(),
        scopes: Scopes::CALL_MODELS,
        limits: KeyLimits { requests_per_minute, max_budget },
    }
}

fn call(output_cap: Option<u64>) -> Call {
    Call {
        id: "id".into(),
        dialect: "openai-chat".into(),
        model: "gpt".into(),
        streamed: false,
        input_bound: 100,
        output_cap,
        choices: 1,
        candidates: vec![Candidate { deployment: "one".into(), output_max: None }],
    }
}

#[test]
fn a_key_without_ceilings_reserves_nothing() {
    let desk = Desk { unpriced: true, ..Desk::default() };
    let admission = admit(&principal(None, None), &call(None), &desk).unwrap();
    assert_eq!((admission.reserved, admission.output_cap), (0, None));
    assert!(admission.allowances.is_empty() && desk.asked.borrow().is_empty());
}

#[test]
fn both_ceilings_are_claimed_at_once() {
    let desk = Desk::default();
    let admission = admit(&principal(Some(5), Some(10_000)), &call(Some(50)), &desk).unwrap();
    assert_eq!((admission.reserved, admission.output_cap), (200, None));
    let left = Allowance { kind: "requests".into(), limit: 5, remaining: 4 };
    assert_eq!(admission.allowances, [left]);
    let rate = RateClaim {
        bucket: format!("key:{KEY_ID}:requests"),
        units: 1,
        ceiling: 5,
        window: 60_000,
    };
    let money = MoneyClaim { bucket: format!("key:{KEY_ID}"), amount: 200, ceiling: 10_000 };
    assert_eq!(*desk.asked.borrow(), [[Claim::Rate(rate), Claim::Money(money)]]);
}

#[test]
fn a_key_must_be_for_models_and_for_this_one() {
    let desk = Desk::default();
    let managing = Principal { scopes: Scopes::MANAGE_KEYS, ..principal(None, None) };
    assert_eq!(admit(&managing, &call(None), &desk).unwrap_err().status, 403);
    let other = Principal { models: vec!["claude".into()], ..principal(Some(1), None) };
    let denial = admit(&other, &call(None), &desk).unwrap_err();
    assert_eq!((denial.status, denial.kind.as_str()), (403, "key_model_access_denied"));
    assert_eq!(denial.param.as_deref(), Some("model"));
    assert_eq!(
        denial.message,
        "The requested model 'gpt' is not available for this API key, or the model name is \
         invalid. Check the models available to you and try again."
    );
    assert!(desk.asked.borrow().is_empty());
}

#[test]
fn the_call_over_the_rate_is_told_when_to_come_back() {
    let desk = Desk { calls: 2, ..Desk::default() };
    let denial = admit(&principal(Some(2), None), &call(None), &desk).unwrap_err();
    assert_eq!((denial.status, denial.kind.as_str()), (429, "throttling_error"));
    assert_eq!(
        denial.message,
        format!(
            "Rate limit exceeded for api_key: {KEY_ID}. Limit type: requests. Current limit: 2, \
             Remaining: 0. Limit resets at: 1970-01-01 00:01:01 UTC"
        )
    );
    assert_eq!(denial.param, None);
    let hit = denial.limit.unwrap();
    assert_eq!((hit.kind.as_str(), hit.limit, hit.resets_at), ("requests", 2, 60_001));
}

#[test]
fn a_budget_that_is_spent_is_told_in_dollars() {
    let desk = Desk { used: 15_000_000, ..Desk::default() };
    let denial = admit(&principal(None, Some(10_000_000)), &call(None), &desk).unwrap_err();
    assert_eq!((denial.status, denial.kind.as_str()), (422, "budget_exceeded"));
    assert_eq!(
        denial.message,
        "Budget has been exceeded! Key=key (sk-...fDiQ) Current cost: 0.015, Max budget: 0.01"
    );
    assert_eq!((denial.param, denial.limit.is_none()), (None, true));
}

#[test]
fn a_call_that_does_not_fit_is_told_what_it_could_cost() {
    let desk = Desk { used: 900, ..Desk::default() };
    let denial = admit(&principal(None, Some(1000)), &call(Some(50)), &desk).unwrap_err();
    assert!(denial.message.contains("Current cost: 0.0000009, Max budget: 0.000001. This call"));
    assert!(denial.message.contains("up to 0.0000002:"));
    assert_eq!(desk.asked.borrow().len(), 1, "the client's own cap is not lowered");
}

#[test]
fn without_a_cap_of_the_clients_the_answer_is_as_long_as_the_budget_allows() {
    let desk = Desk { used: 300, ..Desk::default() };
    let admission = admit(&principal(Some(5), Some(1001)), &call(None), &desk).unwrap();
    assert_eq!((admission.reserved, admission.output_cap), (700, Some(300)));
    assert_eq!(admission.allowances.first().map(|left| left.remaining), Some(4));
}

#[test]
fn an_answer_of_fewer_than_16_tokens_is_not_worth_a_call() {
    let admitted = |used| {
        let desk = Desk { used, ..Desk::default() };
        admit(&principal(None, Some(1000)), &call(None), &desk).map(|done| done.output_cap)
    };
    assert_eq!(admitted(1000 - 132).unwrap(), Some(16));
    assert_eq!(admitted(1000 - 131).unwrap_err().status, 422);
    assert_eq!(admitted(1000 - 99).unwrap_err().status, 422);
}

#[test]
fn the_default_cap_is_imposed_when_it_fits() {
    let admission = admit(&principal(None, Some(10_000)), &call(None), &Desk::default()).unwrap();
    assert_eq!((admission.reserved, admission.output_cap), (8292, Some(4096)));
}

#[test]
fn a_budget_needs_a_price() {
    let desk = Desk { unpriced: true, ..Desk::default() };
    let denial = admit(&principal(None, Some(1)), &call(None), &desk).unwrap_err();
    assert_eq!((denial.status, denial.kind.as_str()), (400, "unbounded_cost"));
    assert!(denial.message.contains("input_cost_per_token"));
    assert!(admit(&principal(Some(1), None), &call(None), &desk).is_ok());
}

#[test]
fn what_the_host_cannot_do_is_not_the_callers_fault() {
    let status = |error| {
        let desk = Desk { error: Some(error), ..Desk::default() };
        admit(&principal(Some(1), None), &call(None), &desk).unwrap_err().status
    };
    assert_eq!(status(Error::Unavailable), 503);
    assert_eq!(status(Error::Invalid("no".into())), 500);
    let beyond = Excess { claim: 7, used: 0, resets_at: None };
    assert_eq!(status(Error::Exceeded(beyond)), 500);
    let endless = Excess { claim: 0, used: 0, resets_at: None };
    assert_eq!(status(Error::Exceeded(endless)), 429);
}
