//! An instance that an answer holds: what it remembers, and how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tollgate_domain::{
    Call, CallId, Candidate, Claim, ClaimError, Dialect, Event, FailureKind, Frame, KeyHash,
    KeyRecord, NanoUsd, Rates,
};
use tollgate_host::{
    Capabilities, Decoder, Host, HostSettings, Keys, Limit, Limits, PluginSettings, PluginSource,
    Prices, Provider, Ran, StoreUnavailable, Target, Watch,
};

/// Grants nothing.
struct Nothing;

#[async_trait]
impl Keys for Nothing {
    async fn lookup(&self, _: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreUnavailable> {
        Err(StoreUnavailable)
    }

    fn cached(&self, _: KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        None
    }
}

impl Limits for Nothing {
    fn reserve(&self, _: CallId, _: &[Claim]) -> Result<Vec<u64>, ClaimError> {
        Ok(Vec::new())
    }
    fn cancel(&self, _: CallId) {}
    fn spent(&self, _: &str) -> Option<NanoUsd> {
        None
    }
}

impl Prices for Nothing {
    fn of(&self, _: &str) -> Option<Rates> {
        None
    }
}

impl Watch for Nothing {
    fn called(&self, _: &str, _: &'static str, _: &'static str, _: Duration) {}
}

/// A host with room for so many instances, and the fixture in it.
async fn provider(calls_max: u32, settings: &PluginSettings) -> Arc<Provider> {
    let nothing = Arc::new(Nothing);
    let capabilities = Capabilities {
        keys: Arc::clone(&nothing) as Arc<dyn Keys>,
        limits: Arc::clone(&nothing) as Arc<dyn Limits>,
        prices: Arc::clone(&nothing) as Arc<dyn Prices>,
        watch: nothing,
    };
    let pool = HostSettings { calls_max, memory_max: 4 << 20, cache_dir: None };
    let host = Host::new(&pool, capabilities).unwrap();
    let fixtures = tollgate_components::FIXTURES;
    let (_, bytes) = fixtures.iter().find(|(name, _)| *name == "fixture-decoder").unwrap();
    let loaded = host.load_provider(settings, &PluginSource::BuiltIn(bytes)).await;
    Arc::new(loaded.unwrap())
}

fn settings() -> PluginSettings {
    PluginSettings { memory_max: 4 << 20, ..PluginSettings::named("fixture") }
}

fn call() -> Call {
    Call {
        id: CallId::generate(),
        dialect: Dialect::OpenaiChat,
        model: "m".to_owned(),
        streamed: true,
        input_bound: 1,
        output_cap: None,
        choices: 1,
        candidates: vec![Candidate { deployment: "d".to_owned(), output_max: None }],
    }
}

fn target() -> Target {
    Target {
        id: "d".to_owned(),
        provider: "fixture".to_owned(),
        model: "m".to_owned(),
        mock_response: None,
        options: Vec::new(),
        drop_params: false,
    }
}

async fn decoder(provider: &Arc<Provider>) -> Decoder {
    match provider.decoder(&call(), &target()).await {
        Ran::Value(decoder) => decoder,
        other => panic!("no decoder: {}", other.kind()),
    }
}

async fn push(decoder: &mut Decoder, data: &'static str) -> Ran<Vec<Event>, FailureKind> {
    let frame = Frame { name: None, data: Bytes::from_static(data.as_bytes()) };
    match decoder.push(vec![frame]).await {
        Ran::Value(events) => Ran::Value(events),
        Ran::Refused(failure) => Ran::Refused(failure.kind),
        Ran::Trapped(why) => Ran::Trapped(why),
        Ran::Exceeded(limit) => Ran::Exceeded(limit),
    }
}

#[tokio::test]
async fn a_decoder_remembers_and_its_memory_does_not_grow_with_what_passes() {
    let provider = provider(8, &settings()).await;
    let mut decoder = decoder(&provider).await;
    for count in 1..=2000_u64 {
        let Ran::Value(events) = push(&mut decoder, "churn").await else { panic!("{count}") };
        assert_eq!(events, [Event::Text(count.to_string())]);
    }
    let Ran::Value(last) = decoder.finish().await else { panic!("no end") };
    assert_eq!(last, [Event::Id("2000".to_owned())]);
}

#[tokio::test]
async fn limits_count_for_each_push_and_not_for_the_whole_answer() {
    let settings = PluginSettings { host_calls_max: 150, ..settings() };
    let provider = provider(8, &settings).await;
    let mut decoder = decoder(&provider).await;
    for _ in 0..10 {
        assert!(matches!(push(&mut decoder, "flood").await, Ran::Value(_)));
    }
}

#[tokio::test]
async fn a_decoder_that_fails_is_dropped_and_stays_so() {
    let provider = provider(8, &settings()).await;
    for (told, limit) in [("trap", None), ("spin", Some(Limit::Cpu)), ("grow", Some(Limit::Memory))]
    {
        let mut decoder = decoder(&provider).await;
        assert!(matches!(push(&mut decoder, "").await, Ran::Value(_)));
        match (push(&mut decoder, told).await, limit) {
            (Ran::Trapped(_), None) => {}
            (Ran::Exceeded(reached), Some(limit)) => assert_eq!(reached, limit),
            (other, _) => panic!("{told}: {}", other.kind()),
        }
        assert!(matches!(push(&mut decoder, "").await, Ran::Trapped(_)), "{told}");
        assert!(matches!(decoder.finish().await, Ran::Trapped(_)), "{told}");
    }
}

#[tokio::test]
async fn a_failure_is_the_decoders_own_word() {
    let provider = provider(8, &settings()).await;
    let mut decoder = decoder(&provider).await;
    let failed = push(&mut decoder, "fail").await;
    assert!(matches!(failed, Ran::Refused(FailureKind::Unavailable)));
}

#[tokio::test]
async fn each_answer_holds_one_instance_until_it_ends() {
    let provider = provider(0, &settings()).await;
    let mut held = Vec::new();
    loop {
        match provider.decoder(&call(), &target()).await {
            Ran::Value(decoder) => held.push(decoder),
            Ran::Exceeded(Limit::Instances) => break,
            other => panic!("{}", other.kind()),
        }
        assert!(held.len() < 1000, "the pool has no bound");
    }
    held.pop();
    let mut again = decoder(&provider).await;
    assert!(matches!(push(&mut again, "").await, Ran::Value(_)));
    for mut decoder in held {
        assert!(matches!(push(&mut decoder, "").await, Ran::Value(_)));
    }
}
