//! Another configuration without a restart.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate_end_to_end::{
    Builder, Client, Config, Gateway, Key, Load, RawAnswer, Signal, Streams, Trust, Upstream, chat,
    component, free_port, replace, until,
};

const APPLIED: &str = "tollgate_config_reloads_total{outcome=\"applied\"}";
const REFUSED: &str = "tollgate_config_reloads_total{outcome=\"refused\"}";

/// Reloads under load.
const RELOADS: usize = 10;
/// Reloads after which memory must have settled, and those that must not add to it.
const WARM: usize = 10;
const MEASURED: usize = 50;
/// Resident memory may grow by so much over them.
const GROWTH_KIB: u64 = 24 * 1024;

/// A configuration: its sites say its name, and its model `answer` uses three output tokens if the
/// name is `a`, five otherwise.
struct File<'a> {
    upstream: &'a Upstream,
    address: u16,
    name: &'a str,
    models: &'a [&'a str],
    more: &'a str,
}

impl File<'_> {
    fn text(&self) -> String {
        let answer = if self.name == "a" { "up-echo" } else { "up-exact" };
        let base = self.upstream.base();
        let mut text = "model_list:\n".to_owned();
        let named = self.models.iter().map(|name| (*name, format!("up-{name}")));
        for (name, model) in named.chain([("answer", answer.to_owned())]) {
            write!(
                text,
                "  - model_name: {name}\n    litellm_params:\n      model: openai/{model}\n      \
                 api_base: {base}\n      api_key: sk-provider\n"
            )
            .expect("a String takes everything");
        }
        let (address, name) = (self.address, self.name);
        write!(
            text,
            "edge:\n  listeners:\n    - address: 127.0.0.1:{address}\n      \
             tls: {{self_signed: [localhost]}}\n  sites:\n    - hosts: ['*']\n      \
             headers: {{set: {{X-Config: {name}}}}}\n      routes: [{{path: /, to: gateway}}]\n{}",
            self.more
        )
        .expect("a String takes everything");
        text
    }
}

async fn started(file: &File<'_>) -> (Gateway, Key) {
    let mut gateway = Builder::new(Config::new()).prepare();
    gateway.configure(&file.text());
    gateway.spawn();
    gateway.ready().await;
    let key = gateway.free_key().await;
    (gateway, key)
}

/// Puts a text into the file, asks for a reload, and waits until it is counted.
async fn reload(gateway: &Gateway, text: &str, series: &str) {
    let before = gateway.metric(series).await;
    gateway.configure(text);
    gateway.signal(Signal::HUP);
    counted(gateway, series, before).await;
}

async fn counted(gateway: &Gateway, series: &str, before: f64) {
    until(series, async || (gateway.metric(series).await > before).then_some(())).await;
}

fn asked() -> Value {
    let mut body = chat("answer", "which one?");
    body["max_tokens"] = json!(5);
    body
}

fn is_of_one_configuration(answer: &RawAnswer) -> Result<(), String> {
    let tokens = answer.json()["usage"]["completion_tokens"].as_u64();
    match (answer.header("x-config").as_deref(), tokens) {
        (Some("a"), Some(3)) | (Some("b"), Some(5)) => Ok(()),
        other => Err(format!("{other:?} in {answer:?}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_under_load_fail_cut_and_mix_nothing() {
    let upstream = Upstream::start().await;
    let address = free_port();
    let models = ["echo", "gated"];
    let file = |name| File { upstream: &upstream, address, name, models: &models, more: "" };
    let (gateway, key) = started(&file("a")).await;
    let streams = Streams::open(&[gateway.client()], &upstream, &key, 50).await;
    let mut ids = streams.ids();
    let load = Load::new().strict((gateway.port, &key, &asked()), 16, is_of_one_configuration);
    load.more(50).await;
    for round in 0..RELOADS * crate::soak() {
        let text = file(if round % 2 == 0 { "b" } else { "a" }).text();
        if round % 4 == 3 {
            let before = gateway.metric(APPLIED).await;
            gateway.configure(&text);
            counted(&gateway, APPLIED, before).await;
        } else {
            reload(&gateway, &text, APPLIED).await;
        }
        load.more(50).await;
    }
    let tally = load.stop().await;
    let (whole, cut) = streams.finish(&upstream).await;
    println!(
        "{} answered, {} failed, {} closes, {whole} streams whole, {} cut",
        tally.ids.len(),
        tally.failed.len(),
        tally.closes,
        cut.len()
    );
    assert!(tally.failed.is_empty(), "{:#?}", tally.failed);
    assert_eq!((whole, tally.closes), (50, 0), "{cut:?}");
    ids.extend(tally.ids);
    gateway.has_one_row_each(&ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_come_and_go_and_addresses_wait_for_the_next_start() {
    let upstream = Upstream::start().await;
    let address = free_port();
    let file = |address, models| File { upstream: &upstream, address, name: "a", models, more: "" };
    let (gateway, key) = started(&file(address, &["echo"])).await;
    let status = async |model| gateway.chat(&key, &chat(model, "there?")).await.status;
    assert_eq!((status("echo").await, status("exact").await), (200, 400));
    reload(&gateway, &file(address, &["exact"]).text(), APPLIED).await;
    assert_eq!((status("echo").await, status("exact").await), (400, 200));
    let mark = gateway.mark();
    let other = free_port();
    reload(&gateway, &file(other, &["echo", "exact"]).text(), APPLIED).await;
    let line = gateway.logged(mark, &["takes effect at the next start"]).await;
    println!("{line}");
    assert!(line.contains("addresses of listeners"), "{line}");
    assert_eq!((status("echo").await, status("exact").await), (200, 200));
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", address)).await.is_ok());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", other)).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugins_new_file_is_taken_unless_it_is_no_component() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = folder.path().join("limiter.wasm");
    let bytes = |name| std::fs::read(component(name)).expect("a component");
    replace(&plugin, &bytes("limiter-noop"));
    let more = format!("plugins:\n  limiter: {{file: {}}}\n", plugin.display());
    let file = File {
        upstream: &upstream,
        address: free_port(),
        name: "a",
        models: &["echo"],
        more: &more,
    };
    let (gateway, key) = started(&file).await;
    gateway.serves(&key).await;
    let steps = [
        (bytes("fixture-limiter-trap"), APPLIED, false),
        (b"no component".to_vec(), REFUSED, false),
        (bytes("fixture-wrong-role"), REFUSED, false),
        (bytes("limiter-noop"), APPLIED, true),
        (b"\0asm".to_vec(), REFUSED, true),
    ];
    for (number, (content, series, serves)) in steps.into_iter().enumerate() {
        let (before, mark) = (gateway.metric(series).await, gateway.mark());
        replace(&plugin, &content);
        counted(&gateway, series, before).await;
        let answer = gateway.chat(&key, &chat("echo", "still there?")).await;
        assert_eq!(answer.status == 200, serves, "step {number}: {answer:?}");
        if series == REFUSED {
            let line = gateway.logged(mark, &["limiter.wasm"]).await;
            println!("{line}");
        }
    }
}

/// Files that are not to be taken, and what the log is to say of each.
fn broken(good: &str, config: &Path) -> Vec<(String, String)> {
    let lines: Vec<&str> = good.lines().collect();
    let place = |line: usize| format!("{}:{line}", config.display()).to_lowercase();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines.insert(at, line);
        lines.join("\n")
    };
    let mut all = Vec::new();
    for at in 0..lines.len() {
        all.push((with(at, "\tx: 1"), config.display().to_string().to_lowercase()));
        if !lines[at].starts_with(' ') {
            all.push((with(at, "unheard_of: 1"), place(at + 1)));
        }
        if lines[at].contains("api_base") {
            let mut changed = lines.clone();
            changed[at] = "      api_base: nonsense";
            all.push((changed.join("\n"), place(at + 1)));
        }
        if lines[at].contains("model_name") {
            let changed = good.replacen("model_name: ", "modle_name: ", 1);
            all.push((changed, "modle_name".to_owned()));
        }
    }
    for plugin in ["/nowhere/at-all.wasm".to_owned(), config.display().to_string()] {
        let text = format!("{good}plugins:\n  limiter: {{file: {plugin}}}\n");
        all.push((text, plugin.to_lowercase()));
    }
    all.push((String::from("model_list: ["), config.display().to_string().to_lowercase()));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_broken_file_ever_replaces_the_good_one() {
    let upstream = Upstream::start().await;
    let models = ["echo", "gated", "exact", "slow", "empty"];
    let file =
        File { upstream: &upstream, address: free_port(), name: "a", models: &models, more: "" };
    let (gateway, key) = started(&file).await;
    let load = Load::new().strict((gateway.port, &key, &asked()), 2, is_of_one_configuration);
    let broken = broken(&file.text(), &gateway.config_file());
    assert!(broken.len() >= 50, "{}", broken.len());
    for (text, expected) in &broken {
        let mark = gateway.mark();
        reload(&gateway, text, REFUSED).await;
        let output = gateway.output().to_lowercase();
        let logged = output.get(mark..).unwrap_or_default();
        assert!(logged.contains(expected), "no {expected} for\n{text}\nin\n{logged}");
    }
    // The file's own change may have been seen besides the signal.
    let refused = gateway.metric(REFUSED).await;
    assert_eq!(gateway.metric(APPLIED).await, 0.0);
    load.more(20).await;
    reload(&gateway, &File { name: "b", ..file }.text(), APPLIED).await;
    let tally = load.stop().await;
    println!("{} files refused ({refused} counted), {} answers", broken.len(), tally.ids.len());
    assert!(tally.failed.is_empty(), "{:#?}", tally.failed);
    assert!(refused >= broken.len() as f64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_do_not_add_to_memory() {
    let upstream = Upstream::start().await;
    let address = free_port();
    let file = |name| File { upstream: &upstream, address, name, models: &["echo"], more: "" };
    let (gateway, key) = started(&file("a")).await;
    let (fresh, mut settled) = (crate::resident_kib(gateway.pid()), 0);
    for round in 1..=WARM + MEASURED * crate::soak() {
        reload(&gateway, &file(if round % 2 == 0 { "a" } else { "b" }).text(), APPLIED).await;
        gateway.serves(&key).await;
        if round == WARM {
            settled = crate::resident_kib(gateway.pid());
        }
    }
    let after = crate::resident_kib(gateway.pid());
    let threads = std::fs::read_dir(format!("/proc/{}/task", gateway.pid())).expect("it runs");
    println!("resident {fresh} KiB, {settled} KiB, then {after} KiB, {} threads", threads.count());
    assert!(after < settled + GROWTH_KIB, "{settled} KiB, then {after} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_changes_what_open_connections_get() {
    let upstream = Upstream::start().await;
    let address = free_port();
    let file = |name| File { upstream: &upstream, address, name, models: &["echo"], more: "" };
    let (gateway, key) = started(&file("a")).await;
    let client = Client::new(&format!("http://127.0.0.1:{}", gateway.port), Trust::Plain);
    assert_eq!(client.chat(&key.key, &asked()).await.ok().header("x-config"), "a");
    reload(&gateway, &file("b").text(), APPLIED).await;
    assert_eq!(client.chat(&key.key, &asked()).await.ok().header("x-config"), "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_it_is_read_is_read_again() {
    let upstream = Upstream::start().await;
    let address = free_port();
    let first = File { upstream: &upstream, address, name: "first", models: &["echo"], more: "" };
    let text = |name: &str| first.text().replace("X-Config: first", &format!("X-Config: {name}"));
    let (gateway, _) = started(&first).await;
    for (round, moment) in [2, 8, 20, 40].into_iter().enumerate() {
        gateway.configure(&text("first"));
        gateway.signal(Signal::HUP);
        // Not to wait for something: a reload takes about so long, and each round hits it elsewhere.
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let last = format!("last-{round}");
        gateway.configure(&text(&last));
        until("the last file's use", async || {
            let answer = gateway.client().get("", "/health/liveliness").await;
            (answer.header("x-config") == last).then_some(())
        })
        .await;
    }
}
