//! Files that must load, files that must not, and what is said of both.
//!
//! `BLESS=1 cargo test -p tollgate-config` writes the expected texts anew.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::time::Duration;

use tollgate_config::{
    Acme, Challenge, Config, Cookies, Cors, Database, EdgeLimits, Journal, Limits, Loaded,
    LogLevel, Plugin, SameSite, ServerAddress, Target, Upstream, load,
};

/// The word that every secret in the test files and in [`env`] holds.
const SECRET_WORD: &str = "hunter2";

fn env(name: &str) -> Option<String> {
    let value = match name {
        "OPENAI_API_KEY" => "sk-openai-hunter2",
        "LITELLM_MASTER_KEY" => "sk-master-hunter2",
        "BAD_URL" => "https://user:hunter2@host",
        "BAD_NUMBER" => "hunter2",
        "HOST" => "vllm.internal",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn files(dir: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{dir}");
    files
}

fn loaded(path: &str) -> Loaded {
    load(Some(Path::new(path)), &env).unwrap_or_else(|mistakes| panic!("{path}: {mistakes:#?}"))
}

fn config(text: &str) -> Config {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    load(Some(&path), &env).unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).config
}

/// The text that a file leads to, one line per mistake or notice.
fn rendering(path: &Path) -> (bool, String) {
    let (is_valid, lines): (_, Vec<String>) = match load(Some(path), &env) {
        Ok(loaded) => (true, loaded.notices.iter().map(ToString::to_string).collect()),
        Err(mistakes) => (false, mistakes.iter().map(ToString::to_string).collect()),
    };
    (is_valid, lines.into_iter().map(|line| line + "\n").collect())
}

fn check(path: &Path, extension: &str, must_be_valid: bool) {
    let (is_valid, text) = rendering(path);
    assert_eq!(is_valid, must_be_valid, "{}:\n{text}", path.display());
    assert!(!text.contains(SECRET_WORD), "{}:\n{text}", path.display());
    let expected = path.with_extension(extension);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&expected, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&expected).unwrap(), "{}", path.display());
}

#[test]
fn every_invalid_file_is_refused_with_all_its_mistakes() {
    files("tests/invalid").iter().for_each(|path| check(path, "err", false));
}

#[test]
fn every_valid_file_loads_with_its_notices() {
    files("tests/valid").iter().for_each(|path| check(path, "notices", true));
}

#[test]
fn every_file_of_conf_loads() {
    for path in files("../../../conf") {
        let path = path.display().to_string();
        if !path.ends_with("prices.yaml") {
            loaded(&path);
        }
    }
    // A price table is no configuration; tollgate.yaml names it.
    assert!(loaded("../../../conf/tollgate.yaml").config.prices.iter().count() >= 12);
}

#[test]
fn the_embedded_default_answers_by_itself() {
    let loaded = load(None, &|_| None).unwrap();
    assert!(loaded.notices.is_empty());
    let config = loaded.config;
    let demo = &config.models[0];
    assert_eq!((demo.component.as_str(), demo.provider.as_str()), ("mock", "openai"));
    assert_eq!(demo.public_model, "openai/demo");
    assert!(demo.mock_response.as_deref().unwrap().starts_with("Hello from Tollgate."));
    assert_eq!(demo.rates.as_ref().unwrap().output.0, 2_000_000_000);
    let listener = &config.edge.unwrap().listeners[0];
    assert_eq!(listener.address.to_string(), "127.0.0.1:24443");
    assert_eq!(listener.tls.as_ref().unwrap().self_signed, ["localhost"]);
}

#[test]
fn the_commented_file_shows_the_defaults() {
    let config = loaded("../../../conf/tollgate.yaml").config;
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.journal, Journal::default());
    assert_eq!(config.upstream, Upstream::default());
    assert_eq!(config.plugins.authenticator, Plugin::default());
    assert_eq!(config.plugins.providers.keys().collect::<Vec<_>>(), ["mock", "openai"]);
    assert_eq!(config.log_level, LogLevel::Info);
    let edge = config.edge.unwrap();
    assert_eq!(edge.limits, EdgeLimits::default());
    let route = &edge.sites[0].routes[1];
    assert_eq!(
        route.to,
        Target::Servers(vec![ServerAddress::Url("http://127.0.0.1:8080".to_owned())])
    );
    assert!(route.public);
    let waits = [route.connect_timeout, route.read_timeout];
    assert_eq!(waits, [60, 300].map(|seconds| Some(Duration::from_secs(seconds))));
}

#[test]
fn a_litellm_file_keeps_its_meaning() {
    let config = loaded("../../../conf/litellm-config.yaml").config;
    assert!(config.drop_params && config.metrics_need_key && config.edge.is_none());
    assert_eq!(config.master_key.unwrap().expose(), "sk-master-hunter2");
    assert!(matches!(config.database, Database::Sqlite { path: None }));
    let [gpt, mini, llama] = &config.models[..] else { panic!("{:?}", config.models) };
    assert_eq!(gpt.api_key.as_ref().unwrap().expose(), "sk-openai-hunter2");
    assert_eq!(gpt.rates.as_ref().unwrap().input.0, 2_500_000_000);
    assert_eq!(gpt.id.len(), 64);
    assert_eq!(mini.timeout, Some(Duration::from_secs(120)));
    assert_eq!(mini.rates.as_ref().unwrap().cached_input.unwrap().0, 75_000_000);
    assert_eq!((llama.id.as_str(), llama.output_max), ("local-llama-1", Some(4096)));
    assert_eq!(llama.model, "llama-3.1-8b-instruct");
}

#[test]
fn a_model_without_a_component_is_left_out_and_said_so() {
    let loaded = loaded("../../../conf/litellm-config.yaml");
    let models: Vec<_> =
        loaded.config.models.iter().map(|model| model.model_name.as_str()).collect();
    assert_eq!(models, ["gpt-4o", "gpt-4o-mini", "local-llama"]);
    let notices = loaded.notices.iter().filter(|notice| notice.path.starts_with("model_list[3]"));
    let reasons: Vec<_> = notices.map(|notice| notice.reason.as_str()).collect();
    let expected = "provider `anthropic` has no component yet; built in: mock, openai; the row is \
                    left out";
    assert_eq!(reasons, [expected]);
}

#[test]
fn secrets_are_never_printed() {
    let loaded = loaded("../../../conf/litellm-config.yaml");
    let text = format!("{loaded:?}{loaded:#?}");
    assert!(!text.contains(SECRET_WORD) && !text.contains("sk-local"), "{text}");
    assert!(text.contains("Secret(…)"));
}

#[test]
fn ids_depend_on_the_row_alone_and_not_on_its_key() {
    let row = |params: &str| format!("  - model_name: a\n    litellm_params: {{{params}}}\n");
    let ids = |rows: &[String]| -> Vec<String> {
        let text = format!("model_list:\n{}", rows.concat());
        config(&text).models.into_iter().map(|model| model.id).collect()
    };
    let first = row("model: gpt-4o, api_base: 'http://a', api_key: one");
    let same = row("api_key: two, api_base: 'http://a', model: gpt-4o");
    let other = row("model: gpt-4o, api_base: 'http://b', api_key: one");
    assert_eq!(ids(from_ref(&first)), ids(from_ref(&same)));
    let three = ids(&[first.clone(), same, other.clone()]);
    assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2]);
    assert_eq!(ids(&[other, first]), [three[2].clone(), three[0].clone()]);
}

#[test]
fn prices_come_from_the_row_then_the_file_then_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let prices = "version: mine\nmodels:\n  openai/gpt-4o: {input: 1, output: 0.000000001}\n";
    std::fs::write(dir.path().join("p.yaml"), prices).unwrap();
    let path = dir.path().join("config.yaml");
    let text = "
prices: {file: p.yaml}
model_list:
  - {model_name: own, litellm_params: {model: gpt-4o, api_key: x, input_cost_per_token: 1e-6, output_cost_per_token: 0}}
  - {model_name: file, litellm_params: {model: gpt-4o, api_key: x}}
  - {model_name: table, litellm_params: {model: openai/gpt-4o-mini, api_key: x}}
  - {model_name: none, litellm_params: {model: openai/unheard-of, api_key: x}}
  - {model_name: mock, litellm_params: {model: openai/gpt-4o, mock_response: ''}}
";
    std::fs::write(&path, text).unwrap();
    let models = load(Some(&path), &env).unwrap().config.models;
    let rates: Vec<_> = models.iter().map(|model| model.rates.as_ref()).collect();
    let figures = |index: usize| rates[index].map(|r| (r.input.0, r.output.0, r.version.as_str()));
    assert_eq!(figures(0), Some((1_000_000_000, 0, "config")));
    assert_eq!(figures(1), Some((1_000_000_000, 1, "mine")));
    assert_eq!(rates[2].unwrap().input.0, 150_000_000);
    assert_eq!(figures(3), None);
    assert_eq!(figures(4), Some((0, 0, "mock")));
    assert_eq!(models[2].output_max, Some(16_384));
}

#[test]
fn the_environment_fills_what_the_file_leaves_open() {
    let text = "model_list: [{model_name: a, litellm_params: {model: gpt-4o}}]\n";
    let env = |name: &str| match name {
        "LOG_LEVEL" => Some("WARN".to_owned()),
        "DATABASE_URL" => Some("sqlite:///var/keys.db".to_owned()),
        other => env(other),
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    let config = load(Some(&path), &env).unwrap().config;
    assert_eq!(config.log_level, LogLevel::Warn);
    let Database::Sqlite { path } = &config.database else { panic!("{:?}", config.database) };
    assert_eq!(path.as_deref(), Some(Path::new("/var/keys.db")));
    assert_eq!(config.master_key.unwrap().expose(), "sk-master-hunter2");
    assert_eq!(config.models[0].api_key.as_ref().unwrap().expose(), "sk-openai-hunter2");
}

#[test]
fn postgresql_is_used_as_it_is_written_and_shown_to_nobody() {
    let text = "model_list: [{model_name: a, litellm_params: {model: gpt-4o, api_key: x}}]\n\
        general_settings:\n  database_url: postgresql://app:hunter2@db/books?sslmode=require\n  \
        database_connection_pool_limit: 40\n  maximum_spend_logs_retention_period: 90d\n";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    let loaded = load(Some(&path), &|_| None).unwrap();
    assert!(loaded.notices.is_empty(), "{:?}", loaded.notices);
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let Database::Postgres { url, connections } = loaded.config.database else { panic!() };
    assert_eq!(url.expose(), "postgresql://app:hunter2@db/books?sslmode=require");
    assert_eq!(connections, Some(40));
    assert_eq!(loaded.config.spend_rows_kept, Some(Duration::from_secs(90 * 86_400)));
}

#[test]
fn bad_variables_are_mistakes_without_a_line() {
    let env = |name: &str| match name {
        "LOG_LEVEL" => Some("loud".to_owned()),
        "LITELLM_MASTER_KEY" => Some("short".to_owned()),
        "LITELLM_CORS_ORIGINS" => Some("https://a.example,b.example/x".to_owned()),
        _ => None,
    };
    let mistakes = load(None, &env).unwrap_err();
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "environment: LITELLM_MASTER_KEY: expected at least 8 characters",
            "environment: LOG_LEVEL: expected debug, info, warn or error",
            "environment: LITELLM_CORS_ORIGINS: expected an origin such as https://app.example.com, \
             without a path, or `*` for all, with commas between them",
        ]
    );
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&str, Vec<u8>, &str); 2] = [
        ("large.yaml", vec![b'#'; (1 << 20) + 1], "expected at most 1048576 bytes"),
        ("binary.yaml", vec![0xff, 0xfe], "expected UTF-8 text"),
    ];
    for (name, bytes, expected) in cases {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mistakes = load(Some(&path), &env).unwrap_err();
        assert_eq!(mistakes[0].message, expected);
    }
    let mistakes = load(Some(Path::new("no/such.yaml")), &env).unwrap_err();
    assert!(mistakes[0].to_string().starts_with("no/such.yaml: cannot read this file"));
}

#[test]
fn a_whole_edge_is_read_as_it_is_written() {
    let config = loaded("tests/valid/edge.yaml").config;
    let edge = config.edge.unwrap();
    let [plain, tls, _] = &edge.listeners[..] else { panic!("{:?}", edge.listeners) };
    assert!(plain.redirect_to_https && plain.tls.is_none() && plain.http2);
    assert_eq!(plain.acme_webroot.as_deref(), Some("tests/valid/.".as_ref()));
    assert!(tls.proxy_protocol && !tls.redirect_to_https);
    let proxies: Vec<_> = tls.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"]);
    let tls = tls.tls.as_ref().unwrap();
    assert_eq!((tls.certificates.len(), tls.client_ca.is_some()), (2, true));
    let expected = Acme {
        directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
        email: Some("ops@example.com".to_owned()),
        domains: vec!["litellm.example.com".to_owned()],
        challenge: Challenge::TlsAlpn01,
        root_certificate: Some("tests/valid/edge.yaml".into()),
    };
    assert_eq!(tls.acme.as_ref(), Some(&expected));
    let expected = EdgeLimits {
        header_bytes: 16 << 10,
        connections_per_client: 0,
        h2_resets: 5,
        ..EdgeLimits::default()
    };
    assert_eq!(edge.limits, expected);
}

#[test]
fn a_whole_site_is_read_as_it_is_written() {
    let config = loaded("tests/valid/edge.yaml").config;
    let [site, other] = &config.edge.unwrap().sites[..] else { panic!("two sites") };
    assert_eq!(site.hosts, ["litellm.example.com", "*.example.com", "192.0.2.1"]);
    let ancestors = ["'self'", "https://wordpress.example.com", "https://*.example.org:8443"];
    assert_eq!(site.frame_ancestors.as_ref().unwrap(), &ancestors);
    let set = [("Strict-Transport-Security", "max-age=31536000; includeSubDomains")];
    assert_eq!(site.headers.set, set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(site.headers.remove, ["server"]);
    let cors = Cors {
        origins: vec!["https://app.example.com".to_owned()],
        credentials: true,
        max_age: Some(Duration::from_secs(3600)),
    };
    assert_eq!(site.cors.as_ref(), Some(&cors));
    let cookies = Cookies { same_site: Some(SameSite::None), partitioned: true };
    assert_eq!((site.cookies, site.compression), (Some(cookies), false));
    let servers = ["http://10.0.0.1:4000", "https://b.example"].map(str::to_owned);
    let mut servers: Vec<_> = servers.into_iter().map(ServerAddress::Url).collect();
    servers.push(ServerAddress::Unix("/run/app.sock".into()));
    assert_eq!(site.routes[0].to, Target::Servers(servers));
    assert!(site.routes[0].http2);
    assert_eq!(site.routes[0].body_bytes, Some(1 << 30));
    let check = site.routes[0].health_check.as_ref().unwrap();
    assert_eq!((check.path.as_str(), check.interval), ("/health", Duration::from_secs(5)));
    assert_eq!((other.frame_ancestors.as_ref(), other.cors.as_ref()), (None, None));
    assert!(other.compression && other.cookies.is_none());
}

#[test]
fn origins_of_the_environment_are_for_sites_that_say_nothing() {
    let env = |name: &str| match name {
        "LITELLM_CORS_ORIGINS" => Some("https://A.example:443, http://b:81,".to_owned()),
        other => env(other),
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    let text = "edge:
  listeners: [{address: '127.0.0.1:0'}]
  sites:
    - {hosts: [a], cors: {origins: []}, routes: [{path: /, to: 'http://x'}]}
    - {hosts: [b], routes: [{path: /, to: 'http://x'}]}
";
    std::fs::write(&path, text).unwrap();
    let config = load(Some(&path), &env).unwrap().config;
    let origins: Vec<_> = ["https://a.example", "http://b:81"].map(str::to_owned).into();
    let of_environment = Some(Cors { origins, ..Cors::default() });
    let sites = config.edge.unwrap().sites;
    assert_eq!(sites[0].cors, Some(Cors::default()));
    assert_eq!(sites[1].cors, of_environment);
    assert_eq!(config.cors, of_environment);
}
