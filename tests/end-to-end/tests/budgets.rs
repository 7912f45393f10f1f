//! Budgets: the ceiling holds, and nothing that fits is refused.

use serde_json::{Value, json};
use tollgate_end_to_end::{Answer, Config, Gateway, Key, Upstream, chat, streamed};

/// Nano-dollars for one output token at `0.00001` dollars.
const TOKEN: i64 = 10_000;

/// A model that uses exactly the tokens it is allowed, with a price for output alone.
async fn gateway() -> (Upstream, Gateway) {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .priced(&upstream, "exact", "0", "0.00001")
        .priced(&upstream, "exact-3", "0", "0.00001")
        .priced(&upstream, "usage-20-5", "0.000002", "0.00001")
        .priced(&upstream, "err-500", "0", "0.00001")
        .priced(&upstream, "slow", "0", "0.00001");
    let gateway = Gateway::start(config).await;
    (upstream, gateway)
}

fn capped(model: &str, cap: u64) -> Value {
    let mut body = chat(model, "count");
    body["max_tokens"] = cap.into();
    body
}

async fn budgeted(gateway: &Gateway, nano: i64) -> Key {
    gateway.key(json!({"max_budget": nano as f64 / 1e9})).await
}

async fn at_once(gateway: &Gateway, key: &Key, count: usize, body: &Value) -> Vec<Answer> {
    let calls = (0..count).map(|_| {
        let (client, key, body) = (gateway.client().clone(), key.key.clone(), body.clone());
        tokio::spawn(async move { client.chat(&key, &body).await })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.expect("an answer"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_calls_at_once_on_a_budget_for_fifty_exactly_fifty_succeed() {
    let (upstream, gateway) = gateway().await;
    for stream in [false, true] {
        let before = upstream.calls().len();
        let budget = 50 * 8 * TOKEN;
        let key = budgeted(&gateway, budget).await;
        let mut body = capped("exact", 8);
        body["stream"] = stream.into();
        let answers = at_once(&gateway, &key, 200, &body).await;
        let succeeded = answers.iter().filter(|answer| answer.status == 200).count();
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
        assert_eq!((succeeded, refused.len()), (50, 150), "stream: {stream}");
        for answer in refused {
            answer.refused(422, "budget_exceeded");
        }
        assert_eq!(upstream.calls().len() - before, 50, "stream: {stream}");
        assert_eq!(gateway.spend(&key).await, budget, "stream: {stream}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spend_is_right_as_soon_as_an_answer_has_ended() {
    let (_upstream, gateway) = gateway().await;
    let key = budgeted(&gateway, 1000 * TOKEN).await;
    let mut expected = 0;
    for turn in 1..=30 {
        let mut body = capped("exact", turn);
        body["stream"] = (turn % 2 == 0).into();
        gateway.chat(&key, &body).await.ok();
        expected += turn as i64 * TOKEN;
        assert_eq!(gateway.spend(&key).await, expected, "after call {turn}");
    }
    let answer = gateway.chat(&key, &capped("usage-20-5", 5)).await.ok();
    let cost: f64 = answer.header("x-litellm-response-cost").parse().expect("a number");
    let charge = 20 * 2_000 + 5 * TOKEN;
    assert_eq!((cost * 1e9).round() as i64, charge);
    assert_eq!(gateway.spend(&key).await, expected + charge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loose_reservations_never_pass_the_budget() {
    let (upstream, gateway) = gateway().await;
    let budget = 2_000 * TOKEN;
    let key = budgeted(&gateway, budget).await;
    let mut passed = 0;
    for _ in 0..4 {
        for answer in at_once(&gateway, &key, 50, &capped("usage-20-5", 40)).await {
            passed += usize::from(answer.status == 200);
        }
        let spend = gateway.spend(&key).await;
        assert!(spend <= budget, "{spend} of {budget}");
    }
    assert_eq!(upstream.calls().len(), passed, "a refused call reached the upstream");
    let charge = 20 * 2_000 + 5 * TOKEN;
    assert_eq!(gateway.spend(&key).await, passed as i64 * charge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_after_another_uses_the_budget_up_to_one_reservation() {
    let (_upstream, gateway) = gateway().await;
    let reservation = 20 * TOKEN;
    let budget = 100 * TOKEN;
    let key = budgeted(&gateway, budget).await;
    let refused = loop {
        let answer = gateway.chat(&key, &capped("exact-3", 20)).await;
        if answer.status != 200 {
            break answer;
        }
    };
    refused.refused(422, "budget_exceeded");
    let spend = gateway.spend(&key).await;
    assert!(spend <= budget && spend > budget - reservation, "{spend} of {budget}");
    // What does not fit is refused, what fits is not.
    let fits = ((budget - spend) / TOKEN) as u64;
    gateway.chat(&key, &capped("exact", fits)).await.ok();
    assert_eq!(gateway.spend(&key).await, budget);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_names_the_budget_and_contacts_nobody() {
    let (upstream, gateway) = gateway().await;
    let key = budgeted(&gateway, 5 * TOKEN).await;
    for body in [capped("exact", 6), {
        let mut body = streamed("exact", "count");
        body["max_tokens"] = 6.into();
        body
    }] {
        let answer = gateway.chat(&key, &body).await;
        answer.refused(422, "budget_exceeded");
        assert!(answer.text.contains("0.00005"), "the budget is not named: {answer:?}");
        assert!(!answer.call_id().is_empty());
    }
    assert_eq!((upstream.calls().len(), upstream.connections()), (0, 0));
    assert_eq!(gateway.spend(&key).await, 0);
    let zero = budgeted(&gateway, 0).await;
    gateway.chat(&zero, &capped("exact", 1)).await.refused(422, "budget_exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_failed_costs_nothing_and_holds_nothing() {
    let (upstream, gateway) = gateway().await;
    let key = budgeted(&gateway, 8 * TOKEN).await;
    for _ in 0..5 {
        assert_eq!(gateway.chat(&key, &capped("err-500", 8)).await.status, 500);
    }
    assert_eq!(gateway.spend(&key).await, 0);
    assert_eq!(upstream.calls().len(), 5);
    gateway.chat(&key, &capped("exact", 8)).await.ok();
    assert_eq!(gateway.spend(&key).await, 8 * TOKEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_call_holds_its_reservation() {
    let (upstream, gateway) = gateway().await;
    let key = budgeted(&gateway, 10 * TOKEN).await;
    let (client, secret) = (gateway.client().clone(), key.key.clone());
    let open = tokio::spawn(async move { client.chat(&secret, &capped("slow", 8)).await });
    upstream.wait("the slow call", |calls| calls.len() == 1).await;
    gateway.chat(&key, &capped("exact", 3)).await.refused(422, "budget_exceeded");
    gateway.chat(&key, &capped("exact", 2)).await.ok();
    upstream.release(1);
    open.await.expect("the slow answer").ok();
    assert_eq!(gateway.spend(&key).await, (2 + 3) * TOKEN, "2 and the 3 that `slow` reports");
    gateway.chat(&key, &capped("exact", 5)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_unbounded_runs_on_a_budget() {
    let (upstream, gateway) = gateway().await;
    let key = budgeted(&gateway, 100 * TOKEN).await;
    let answer = gateway.chat(&key, &chat("exact-3", "no cap")).await;
    match upstream.calls().first() {
        None => {
            assert!((400..=422).contains(&answer.status), "{answer:?}");
            answer.error();
        }
        Some(call) => {
            let body = call.json();
            let caps = [&body["max_tokens"], &body["max_completion_tokens"]];
            assert!(caps.iter().any(|cap| cap.is_u64()), "sent without a cap: {body}");
        }
    }
    // Several choices cost several times the cap.
    let mut body = capped("exact", 60);
    body["n"] = 2.into();
    gateway.chat(&key, &body).await.refused(422, "budget_exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_remembered_over_a_restart() {
    let (_upstream, mut gateway) = gateway().await;
    let key = budgeted(&gateway, 10 * TOKEN).await;
    gateway.chat(&key, &capped("exact", 8)).await.ok();
    gateway.stop().await;
    gateway.restart().await;
    assert_eq!(gateway.spend(&key).await, 8 * TOKEN);
    gateway.chat(&key, &capped("exact", 3)).await.refused(422, "budget_exceeded");
    gateway.chat(&key, &capped("exact", 2)).await.ok();
}
