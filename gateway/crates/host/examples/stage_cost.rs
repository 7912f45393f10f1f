//! What a call of each built-in stage costs in CPU time, with fresh instances and with reused
//! ones. `make bench` prints it beside the throughput of the whole.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measuring program"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tollgate_components::{AUTHENTICATOR, LIMITER, METER, PROVIDERS};
use tollgate_domain::{
    Call, CallId, Candidate, Claim, ClaimError, Dialect, Document, Ending, FemtoUsd, KeyHash,
    KeyLimits, KeyRecord, NanoUsd, Observed, Outcome, Principal, Rates, Scopes, Usage,
};
use tollgate_host::{
    Answer, Capabilities, HeadBuilder, Host, HostSettings, Keys, Limits, PluginSettings,
    PluginSource, Prices, Ran, StoreUnavailable, Target, Watch,
};

/// The gateway's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: u32 = 20_000;

struct Granted;

#[async_trait]
impl Keys for Granted {
    async fn lookup(&self, _: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreUnavailable> {
        Err(StoreUnavailable)
    }

    fn cached(&self, _: KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        Some(Some(Arc::new(KeyRecord {
            name: "sk-...test".to_owned(),
            alias: None,
            user_id: None,
            team_id: None,
            models: vec!["gpt-4o-mini".to_owned()],
            scopes: Scopes { call_models: true, ..Scopes::default() },
            limits: limits(),
            blocked: false,
            expires: None,
        })))
    }
}

impl Limits for Granted {
    fn reserve(&self, _: CallId, claims: &[Claim]) -> Result<Vec<u64>, ClaimError> {
        Ok(vec![1; claims.len()])
    }
    fn cancel(&self, _: CallId) {}
    fn spent(&self, _: &str) -> Option<NanoUsd> {
        None
    }
}

impl Prices for Granted {
    fn of(&self, _: &str) -> Option<Rates> {
        let price = FemtoUsd(150_000_000);
        let version = "bench".to_owned();
        Some(Rates { input: price, output: price, cached_input: None, cache_write: None, version })
    }
}

impl Watch for Granted {
    fn called(&self, _: &str, _: &'static str, _: &'static str, _: Duration) {}
}

fn limits() -> KeyLimits {
    KeyLimits { requests_per_minute: Some(1000), max_budget: Some(NanoUsd::MAX) }
}

fn principal() -> Principal {
    Principal {
        key_id: "0".repeat(64),
        key_name: "sk-...test".to_owned(),
        key_alias: None,
        user_id: None,
        team_id: None,
        models: vec!["gpt-4o-mini".to_owned()],
        scopes: Scopes { call_models: true, ..Scopes::default() },
        limits: limits(),
    }
}

fn call() -> Call {
    Call {
        id: CallId::generate(),
        dialect: Dialect::OpenaiChat,
        model: "gpt-4o-mini".to_owned(),
        streamed: false,
        input_bound: 1000,
        output_cap: Some(100),
        choices: 1,
        candidates: vec![Candidate { deployment: "d".repeat(64), output_max: Some(16_384) }],
    }
}

fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

async fn measure<T, R>(stage: &str, reuse: u64, run: impl AsyncFn() -> Ran<T, R>) -> f64 {
    for _ in 0..500 {
        assert!(matches!(run().await, Ran::Value(_)), "{stage} gave no value");
    }
    let mut rounds: Vec<f64> = Vec::new();
    for _ in 0..5 {
        let began = thread_cpu();
        for _ in 0..CALLS / 5 {
            std::hint::black_box(run().await.kind());
        }
        rounds.push((thread_cpu() - began).as_secs_f64() * 1e6 / f64::from(CALLS / 5));
    }
    rounds.sort_by(f64::total_cmp);
    let median = rounds[rounds.len() / 2];
    println!("| {stage} | {} | {median:.2} |", if reuse > 0 { "reused" } else { "fresh" });
    median
}

async fn stages(host: &Host, reuse: u64) {
    let named = |name: &str| PluginSettings { reuse, ..PluginSettings::named(name) };
    let built_in = PluginSource::BuiltIn;
    let authenticator = host.load_authenticator(&named("a"), &built_in(AUTHENTICATOR)).unwrap();
    let limiter = host.load_limiter(&named("l"), &built_in(LIMITER)).unwrap();
    let meter = host.load_meter(&named("m"), &built_in(METER)).unwrap();
    let provider = host.load_provider(&named("p"), &built_in(PROVIDERS[0].1)).await.unwrap();

    let mut head = HeadBuilder::new("POST", "/v1/chat/completions", "127.0.0.1".to_owned());
    for index in 0..10 {
        head.header(&format!("x-header-{index}"), b"some value");
    }
    head.header("authorization", b"Bearer sk-usowo4ekX6dQhv2rSeOt5A");
    let head = head.build();
    let (principal, call) = (principal(), call());
    let body =
        Document::parse(Bytes::from_static(include_bytes!("../../../../tests/bench/body.json")));
    let body = Arc::new(body.unwrap());
    let target = Target {
        id: "d".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        mock_response: None,
        options: Vec::new(),
        drop_params: false,
    };
    let usage =
        br#"{"model":"x","usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#;
    let bytes = Bytes::from_static(usage);
    let document = Document::parse(bytes.clone()).ok().map(Arc::new);
    let answer = Answer { status: 200, headers: Arc::default(), bytes, document };
    let outcome = Outcome {
        deployment: "d".to_owned(),
        ending: Ending::Success,
        usage: Observed::Reported(Usage { input: 9, output: 3, ..Usage::default() }),
    };

    let mut sum = 0.0;
    sum += measure("authenticate", reuse, async || {
        authenticator.authenticate(Arc::clone(&head)).await
    })
    .await;
    sum += measure("admit", reuse, async || limiter.admit(&principal, &call).await).await;
    sum += measure("encode, then observe", reuse, async || {
        let mut attempt = provider.attempt();
        assert!(matches!(
            attempt.encode(&call, Arc::clone(&body), &target, None).await,
            Ran::Value(_)
        ));
        attempt.observe(answer.clone()).await
    })
    .await;
    sum += measure("settle", reuse, async || meter.settle(&principal, &call, &outcome).await).await;
    println!("| **all** | {} | **{sum:.2}** |", if reuse > 0 { "reused" } else { "fresh" });
}

fn main() {
    let granted = Arc::new(Granted);
    let capabilities = Capabilities {
        keys: Arc::clone(&granted) as _,
        limits: Arc::clone(&granted) as _,
        prices: Arc::clone(&granted) as _,
        watch: granted,
    };
    let settings = HostSettings { calls_max: 1000, memory_max: 16 << 20, cache_dir: None };
    let host = Host::new(&settings, capabilities).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    println!("page-map scan: {}\n", host.uses_pagemap_scan());
    println!("| stage | instances | CPU µs/call |\n|---|---|---|");
    runtime.block_on(stages(&host, 0));
    runtime.block_on(stages(&host, u64::MAX - 1));
}
