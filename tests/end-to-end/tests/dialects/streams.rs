//! Streams that end before their end.

use tollgate_end_to_end::{Ending, Raw};

use crate::client::{ALL, Speaks, parsed_events};
use crate::world::{PROVIDERS, World, model};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_cut_upstream_ends_with_an_error_in_every_dialect() {
    let scripts = ["cut-clean", "midstream-error", "reset-midstream"];
    let world = World::start(&scripts).await;
    let client = world.gateway.client();
    for (provider, _) in PROVIDERS {
        for (script, speaks) in scripts.into_iter().cycle().zip(ALL.into_iter().chain(ALL)) {
            let case = format!("{speaks:?} on {provider}, {script}");
            let body = speaks.request(&model(provider, script), "hi", true);
            let answer = client.post(&world.key.key, speaks.path(), &body).await.ok();
            let events = parsed_events(&answer.events());
            assert!(speaks.streamed_text(&events).starts_with("echo: hi"), "{case}: {answer:?}");
            assert!(speaks.has_failed(&events), "{case}: {answer:?}");
            assert!(!speaks.is_whole(&events), "{case}: {answer:?}");
            let row = world.row(&answer.call_id()).await;
            assert_eq!(row.ending, "failure", "{case}: {row:?}");
            assert!(row.output_tokens > 0, "{case}: what arrived is billed: {row:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_a_translated_stream_cancels_the_upstream_and_bills_what_arrived() {
    let world = World::start(&["gated"]).await;
    for (provider, _) in PROVIDERS {
        let speaks = if provider == "anthropic" { Speaks::Chat } else { Speaks::Messages };
        let before = world.upstream.calls().len();
        world.upstream.release(6);
        let mut raw = Raw::connect(world.gateway.port).await;
        let body = speaks.request(&model(provider, "gated"), "I will leave", true).to_string();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            speaks.path(),
            world.key.key,
            body.len()
        );
        raw.write(head.as_bytes()).await;
        let call = world
            .upstream
            .wait("deltas", |calls| calls.get(before).is_some_and(|call| call.deltas_sent >= 3))
            .await;
        assert_eq!(call[before].ending, Ending::Open, "{provider}");
        raw.sees("I will leave").await;
        drop(raw);
        world
            .upstream
            .wait("the cancellation", |calls| calls[before].ending == Ending::Cancelled)
            .await;
    }
    let rows = tollgate_end_to_end::until("the rows", async || {
        let rows = tollgate_end_to_end::rows(&world.gateway.data()).await;
        (rows.len() == PROVIDERS.len()).then_some(rows)
    });
    for row in rows.await {
        assert_eq!(row.ending, "interrupted", "{row:?}");
        assert!(row.output_tokens > 0 && row.charge > 0, "{row:?}");
    }
}
