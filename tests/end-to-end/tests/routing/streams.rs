//! Streams: before their first byte another deployment is asked, after it the client is told.

use std::time::{Duration, Instant};

use serde_json::Value;
use tollgate_end_to_end::{Config, Gateway, Upstream, streamed};

use super::{played, priced, row, standing_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_first_byte_the_stream_ends_with_an_error_and_nobody_else_is_asked() {
    for fault in ["midstream-error", "cut", "cut-clean", "reset-midstream"] {
        let (upstream, gateway) = standing_in(fault).await;
        let key = gateway.free_key().await;
        let answer = gateway.chat(&key, &streamed("a", "hello")).await.ok();
        let events = answer.events();
        let last: Value = serde_json::from_str(events.last().expect("events")).expect("JSON");
        assert!(last["error"]["message"].is_string(), "{fault}: {last}");
        assert_eq!(answer.streamed_content(), "echo: hello word1", "{fault}");
        assert_eq!(played(&upstream), [fault], "{fault}: two models' text is never joined");
        assert_eq!(row(&gateway, &answer.call_id()).await.ending, "failure", "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_does_not_begin_in_time_is_another_deployments() {
    let upstream = Upstream::start().await;
    // `gated` sends its head and then waits: no byte of the answer is there.
    for stalled in ["slow", "gated"] {
        let params = [("model", stalled), ("stream_timeout", "0.3"), ("timeout", "60")];
        let config = Config::new().model("a", &upstream.base(), &params);
        let config = priced(config, &upstream, "b", "echo");
        let config = config.router("num_retries: 0").router("fallbacks: [{a: [b]}]");
        let gateway = Gateway::start(config).await;
        let key = gateway.free_key().await;
        let began = Instant::now();
        let answer = gateway.chat(&key, &streamed("a", "hello")).await.ok();
        assert!(answer.streamed_content().starts_with("echo: hello"), "{stalled}: {answer:?}");
        assert!(began.elapsed() < Duration::from_secs(30), "{stalled}");
        assert_eq!(answer.header("x-litellm-attempted-fallbacks"), "1");
    }
}
