//! Components from files: another policy, and components that misbehave.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tollgate_end_to_end::{
    Answer, Builder, Config, Gateway, Key, MASTER_KEY, Upstream, chat, component,
};

/// Longer than any limit on a component, with a busy machine in mind.
const BOUND: Duration = Duration::from_secs(5);

fn authenticator(upstream: &Upstream, lines: &str) -> Config {
    let section = format!("plugins:\n  authenticator:\n    {lines}\n");
    Config::new().models(upstream, &["echo"]).section(&section)
}

fn authenticator_file(upstream: &Upstream, name: &str) -> Config {
    authenticator(upstream, &format!("file: {}", component(name).display()))
}

/// Keys made by an ordinary gateway, left in the data directory for one that cannot make any.
async fn with_team_header(upstream: &Upstream) -> (Gateway, Key, Key) {
    let mut gateway = Gateway::start(Config::new().models(upstream, &["echo"])).await;
    let member = gateway.key(serde_json::json!({"team_id": "crew"})).await;
    let loner = gateway.free_key().await;
    gateway.stop().await;
    let config = authenticator_file(upstream, "authenticator-team-header");
    std::fs::write(gateway.config_file(), config.text()).expect("the configuration");
    gateway.restart().await;
    (gateway, member, loner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_authenticator_wants_another_header() {
    let upstream = Upstream::start().await;
    let (gateway, member, loner) = with_team_header(&upstream).await;
    let body = chat("echo", "who am I?");
    let by_header =
        async |key: &str| gateway.client().chat_with("", &body, &[("x-team-key", key)]).await;
    by_header(&member.key).await.ok();
    by_header(&loner.key).await.refused(401, "auth_error");
    by_header("sk-nobody-made-this-one").await.refused(401, "auth_error");
    gateway.chat(&member, &body).await.refused(401, "auth_error");
    gateway.client().chat(MASTER_KEY, &body).await.refused(401, "auth_error");
    assert_eq!(upstream.calls().len(), 1);
}

/// What a gateway with this fixture as its authenticator answers, and what it logs.
async fn misbehaves(name: &str) -> (Answer, Gateway, Upstream) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(authenticator_file(&upstream, name)).await;
    let started = Instant::now();
    let answer = gateway.client().chat(MASTER_KEY, &chat("echo", "hi")).await;
    assert!(started.elapsed() < BOUND, "{name} took {:?}", started.elapsed());
    assert!((500..=503).contains(&answer.status), "{name}: {answer:?}");
    answer.error();
    for path in ["/health/liveliness", "/health/readiness"] {
        gateway.client().get("", path).await.ok();
    }
    assert!(upstream.calls().is_empty(), "{name}: a call passed without a caller");
    (answer, gateway, upstream)
}

macro_rules! misbehaving {
    ($($test:ident: $fixture:literal is $causes:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let (_answer, gateway, _upstream) = misbehaves($fixture).await;
            let causes: &[&str] = &$causes;
            let line = gateway.logged(0, causes).await;
            assert!(line.contains($fixture) || line.contains("authenticator"), "{line}");
        }
    )*};
}

misbehaving! {
    a_component_that_traps_refuses_the_call: "fixture-trap" is ["trap"];
    a_component_that_loops_is_stopped: "fixture-spin" is ["cpu time"];
    a_component_that_eats_memory_is_stopped: "fixture-grow" is ["memory", "trap"];
    a_component_that_touches_much_memory_is_stopped: "fixture-bulk" is
        ["cpu time", "memory"];
    a_component_that_calls_the_host_without_end_is_stopped: "fixture-hostcalls" is
        ["host call", "host_call", "calls"];
    a_component_that_recurses_is_stopped: "fixture-recursion" is ["stack", "trap"];
}

fn with_plugin(upstream: &Upstream, role: &str, name: &str) -> Config {
    let file = component(name);
    let section = format!("plugins:\n  {role}:\n    file: {}\n", file.display());
    Config::new().priced(upstream, "exact", "0", "0.00001").section(&section)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limiter_that_traps_refuses_the_call_and_contacts_nobody() {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(with_plugin(&upstream, "limiter", "fixture-limiter-trap")).await;
    let key = gateway.key(serde_json::json!({"max_budget": 1.0})).await;
    let answer = gateway.chat(&key, &chat("exact", "hi")).await;
    answer.refused(500, "internal_server_error");
    assert!(upstream.calls().is_empty(), "a call passed without admission");
    assert_eq!(gateway.spend(&key).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_traps_charges_what_was_reserved() {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(with_plugin(&upstream, "meter", "fixture-meter-trap")).await;
    let key = gateway.key(serde_json::json!({"max_budget": 1.0})).await;
    let mark = gateway.mark();
    let mut body = chat("exact", "hi");
    body["max_tokens"] = 10.into();
    gateway.chat(&key, &body).await.ok();
    // Ten tokens at 10 000 nano-dollars each.
    assert_eq!(gateway.spend(&key).await, 100_000);
    gateway.logged(mark, &["the meter failed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_floods_the_log_is_cut_short() {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(authenticator_file(&upstream, "fixture-flood")).await;
    let mark = gateway.mark();
    let started = Instant::now();
    gateway.client().chat(MASTER_KEY, &chat("echo", "hi")).await;
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    let written = gateway.mark() - mark;
    assert!(written < 64 * 1024, "{written} bytes of log from one call");
    gateway.client().get("", "/health/readiness").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_of_some_do_not_hold_up_others() {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(authenticator_file(&upstream, "fixture-spin")).await;
    let calls = (0..8).map(|_| {
        let client = gateway.client().clone();
        tokio::spawn(async move { client.chat(MASTER_KEY, &chat("echo", "hi")).await.status })
    });
    let calls: Vec<_> = calls.collect();
    let started = Instant::now();
    gateway.client().get("", "/health/liveliness").await.ok();
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    for call in calls {
        assert!((500..=503).contains(&call.await.expect("an answer")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_a_fitting_component_refuses_the_start() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let junk = folder.path().join("junk.wasm");
    std::fs::write(&junk, b"\0asm this is not a component").expect("the file");
    let empty = folder.path().join("empty.wasm");
    std::fs::write(&empty, b"").expect("the file");
    let mut files = vec![junk, empty, folder.path().join("missing.wasm")];
    files.push(component("limiter-key"));
    files.push(component("fixture-wrong-role"));
    for file in files {
        let config = authenticator(&upstream, &format!("file: {}", file.display()));
        let (status, output) = Builder::new(config).start_refused().await;
        assert!(!status.success(), "{file:?} was accepted");
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(output.contains(&name), "{name} is not named: {output}");
        assert!(output.contains("authenticator"), "the role is not named: {output}");
        assert!(!output.contains("panicked at"), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_are_used_again_serve_every_call() {
    let upstream = Upstream::start().await;
    let section = "plugins:\n  authenticator: {reuse: 1000}\n  limiter: {reuse: 1000}\n  \
                   meter: {reuse: 1000}\n  providers:\n    openai: {reuse: 1000}\n";
    let config = Config::new().priced(&upstream, "exact", "0", "0.00001").section(section);
    let gateway = Gateway::start(config).await;
    let rich = gateway.key(serde_json::json!({"max_budget": 1.0})).await;
    let free = gateway.free_key().await;
    let mut body = chat("exact", "again");
    body["max_tokens"] = 2.into();
    let calls = (0..300).map(|number| {
        let key = if number % 2 == 0 { rich.key.clone() } else { free.key.clone() };
        let (client, body) = (gateway.client().clone(), body.clone());
        tokio::spawn(async move { client.chat(&key, &body).await.ok() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("an answer");
    }
    assert_eq!(gateway.spend(&rich).await, 150 * 2 * 10_000);
    assert_eq!(gateway.spend(&free).await, 150 * 2 * 10_000);
}
