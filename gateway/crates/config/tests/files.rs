//! Files that must load, files that must not, and what is said of both.
//!
//! `BLESS=1 cargo test -p tollgate-config` writes the expected texts anew.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::time::Duration;

use tollgate_config::{
    Acme, AnswerCache, Challenge, Config, Cookies, Cors, Database, EMBEDDED_PROVIDERS, EdgeLimits,
    Journal, Limits, Loaded, LogLevel, Plugin, SameSite, ServerAddress, Target, Upstream, load,
};

use tollgate_routing::{Alias, Ceilings, Knobs, Policy, Rules, Strategy};

/// The word that every secret in the test files and in [`env`] holds.
const SECRET_WORD: &str = "hunter2";

fn env(name: &str) -> Option<String> {
    let value = match name {
        "OPENAI_API_KEY" => "sk-openai-hunter2",
        "ANTHROPIC_API_KEY" => "sk-ant-hunter2",
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
    let embedded = EMBEDDED_PROVIDERS.iter().map(|known| known.component);
    assert!(config.plugins.providers.keys().map(String::as_str).eq(embedded));
    assert_eq!(config.log_level, LogLevel::Info);
    assert_eq!(config.routing.rules, Rules::default());
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
    assert_eq!(config.database, Database::Sqlite { path: None });
    let [gpt, mini, llama, _claude] = &config.models[..] else { panic!("{:?}", config.models) };
    assert_eq!(gpt.api_key.as_ref().unwrap().expose(), "sk-openai-hunter2");
    assert_eq!(gpt.rates.as_ref().unwrap().input.0, 2_500_000_000);
    assert_eq!(gpt.id.len(), 64);
    assert_eq!(mini.timeout, Some(Duration::from_secs(120)));
    assert_eq!(mini.rates.as_ref().unwrap().cached_input.unwrap().0, 75_000_000);
    assert_eq!((llama.id.as_str(), llama.output_max), ("local-llama-1", Some(4096)));
    assert_eq!(llama.model, "llama-3.1-8b-instruct");
}

#[test]
fn what_is_said_of_routing_is_read_from_both_sections() {
    let routing = loaded("tests/valid/routing.yaml").config.routing;
    let rules = &routing.rules;
    assert_eq!(rules.strategy, Strategy::LatencyBased);
    let seconds = Duration::from_secs_f64;
    assert_eq!((rules.retries.count, rules.retries.wait_min), (3, seconds(1.5)));
    assert_eq!(rules.retries.policy, Policy { timeout: Some(0), ..Policy::default() });
    assert_eq!(rules.retries.of_groups["gpt"].bad_request, Some(1));
    let cooldowns = &rules.cooldowns;
    assert_eq!((cooldowns.time, cooldowns.allowed_fails), (seconds(30.0), Some(3)));
    assert_eq!((cooldowns.enabled, cooldowns.policy.rate_limit), (true, Some(100)));
    let fallbacks = &rules.fallbacks;
    assert_eq!(fallbacks.general["gpt"], ["small", "wild/x"]);
    assert_eq!(fallbacks.general["nick"], ["secret"]);
    assert_eq!(fallbacks.general["*"], ["small"]);
    assert_eq!(fallbacks.context_window, None);
    assert_eq!(fallbacks.content_policy.as_ref().unwrap()["small"], ["gpt"]);
    assert_eq!(fallbacks.groups_max, 2);
    let alias = |group: &str, hidden| Alias { group: group.to_owned(), hidden };
    let aliases = [("nick", alias("gpt", false)), ("secret", alias("small", true))];
    assert_eq!(rules.aliases, aliases.map(|(name, alias)| (name.to_owned(), alias)).into());
    assert_eq!(routing.health_checks, Some(seconds(60.0)));
    assert_eq!(routing.cache, Some(AnswerCache { ttl: seconds(600.0), opt_in: true }));
}

#[test]
fn a_rows_own_figures_count_and_the_sections_fill_the_rest() {
    let models = loaded("tests/valid/routing.yaml").config.models;
    let [gpt, small, wild] = &models[..] else { panic!("{models:?}") };
    let ceilings = Ceilings { calls: Some(10), tokens: Some(1000), parallel: Some(3) };
    let expected = Knobs {
        weight: Some(2.5),
        order: Some(1),
        ceilings,
        price: Some(2_500_000_000 + 10_000_000_000),
        retries: Some(4),
        cooldown: Some(Duration::ZERO),
    };
    assert_eq!(gpt.knobs, expected);
    let seconds = |n| Some(Duration::from_secs(n));
    assert_eq!((gpt.timeout, gpt.stream_timeout), (seconds(30), seconds(5)));
    assert_eq!((gpt.provider.as_str(), gpt.model.as_str()), ("openai", "azure/deployment"));
    let options: Vec<_> = gpt.options.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let region = "eu-central-1";
    let expected = [
        ("api_version", "2024-10-21"),
        ("aws_region_name", region),
        ("organization", "org"),
        ("region_name", region),
        ("vertex_location", region),
    ];
    assert_eq!(options, expected);
    assert_eq!(gpt.secrets["aws_access_key_id"].expose(), "id-hunter2");
    assert_eq!((gpt.drop_params, gpt.mode.as_deref()), (Some(true), Some("embedding")));
    assert!(!gpt.is_probed && small.is_probed && small.drop_params.is_none());
    assert_eq!((small.timeout, small.stream_timeout), (seconds(60), seconds(10)));
    assert_eq!(small.knobs.ceilings.parallel, Some(7));
    assert_eq!((wild.model_name.as_str(), wild.model.as_str()), ("wild/*", "*"));
}

#[test]
fn a_file_that_says_nothing_of_routing_has_litellms_defaults() {
    let text = "model_list: [{model_name: a, litellm_params: {model: gpt-4o, api_key: x}}]\n";
    let routing = config(text).routing;
    assert_eq!(routing.rules, Rules::default());
    assert_eq!((routing.health_checks, routing.cache), (None, None));
    let rules = routing.rules;
    assert_eq!((rules.retries.count, rules.cooldowns.time.as_secs()), (2, 5));
}

#[test]
fn credentials_of_a_cloud_come_from_the_row_a_file_or_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("account.json"), r#"{"key": "json-hunter2"}"#).unwrap();
    let path = dir.path().join("config.yaml");
    let text = "
plugins: {providers: {bedrock: {file: config.yaml}, vertex_ai: {file: config.yaml}}}
model_list:
  - {model_name: env, litellm_params: {model: bedrock/a}}
  - {model_name: own, litellm_params: {model: bedrock/a, aws_access_key_id: mine, aws_secret_access_key: s}}
  - {model_name: file, litellm_params: {model: vertex_ai/a, vertex_credentials: account.json}}
  - {model_name: text, litellm_params: {model: vertex_ai/a, vertex_credentials: '{\"a\": 1}'}}
  - {model_name: mock, litellm_params: {model: vertex_ai/a, vertex_credentials: none, mock_response: x}}
  - {model_name: other, litellm_params: {model: openai/a, api_key: x}}
";
    std::fs::write(&path, text).unwrap();
    let env = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" | "AWS_REGION" => {
            Some(name.to_lowercase())
        }
        _ => None,
    };
    let models = load(Some(&path), &env).unwrap().config.models;
    let secret = |index: usize, name: &str| models[index].secrets.get(name).map(|s| s.expose());
    assert_eq!(secret(0, "aws_access_key_id"), Some("aws_access_key_id"));
    assert_eq!(secret(0, "aws_session_token"), Some("aws_session_token"));
    assert_eq!(models[0].options["aws_region_name"], "aws_region");
    assert_eq!(secret(1, "aws_access_key_id"), Some("mine"));
    assert_eq!(secret(1, "aws_session_token"), None, "it belongs to another key");
    assert_eq!(secret(2, "vertex_credentials"), Some(r#"{"key": "json-hunter2"}"#));
    assert_eq!(secret(3, "vertex_credentials"), Some(r#"{"a": 1}"#));
    assert!(models[4].secrets.is_empty() && models[5].secrets.is_empty());
}

#[test]
fn a_model_without_a_component_is_left_out_and_said_so() {
    let loaded = loaded("tests/valid/no-component.yaml");
    let models: Vec<_> =
        loaded.config.models.iter().map(|model| model.model_name.as_str()).collect();
    assert_eq!(models, ["gpt", "answered"]);
    let first = loaded.notices.iter().find(|notice| notice.path.starts_with("model_list[1]"));
    let reason = first.map(|notice| notice.reason.as_str()).unwrap_or_default();
    assert!(
        reason.starts_with("provider `replicate` has no component yet; built in: "),
        "{reason}"
    );
}

#[test]
fn names_lead_to_the_component_that_answers_to_them() {
    for (model, component) in [
        ("gpt-4o", "openai"),
        ("groq/llama", "openai"),
        ("azure/mine", "openai"),
        ("anthropic/claude", "anthropic"),
        ("vertex_ai/gemini-2.5-pro", "gemini"),
    ] {
        let row = format!(
            "model_list:\n  - model_name: m\n    litellm_params: {{model: {model}, api_key: k}}\n"
        );
        assert_eq!(config(&row).models[0].component, component, "{model}");
    }
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
    assert_eq!(config.database, Database::Sqlite { path: Some("/var/keys.db".into()) });
    assert_eq!(config.master_key.unwrap().expose(), "sk-master-hunter2");
    assert_eq!(config.models[0].api_key.as_ref().unwrap().expose(), "sk-openai-hunter2");
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
