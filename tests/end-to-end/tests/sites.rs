//! Sites in front of servers: what leaves, and what the servers are told.

use std::collections::BTreeSet;

use tollgate_end_to_end::{Behind, Builder, Config, Gateway, Raw, RawAnswer, free_port};

/// What LiteLLM's pages say of framing, and a cookie as its login sets it.
const PAGE: &str = "HTTP/1.1 200 OK\r\nserver: uvicorn\r\nx-frame-options: DENY\r\n\
    content-security-policy: default-src 'self'; frame-ancestors 'none'\r\n\
    content-security-policy: img-src *\r\nset-cookie: token=abc; Path=/; SameSite=Lax\r\n\
    access-control-allow-origin: *\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\
    connection: close\r\n\r\npage";

/// A site that is framed, with a route to each of these addresses.
async fn framed(routes: &[(&str, &str)]) -> Gateway {
    let tls = free_port();
    let mut section = format!(
        "edge:\n  listeners:\n    - address: 127.0.0.1:{tls}\n      tls: {{self_signed: [site.example]}}\n  \
         sites:\n    - hosts: ['*']\n      routes: [{{path: /, to: gateway}}]\n    \
         - hosts: [site.example]\n      frame_ancestors: ['https://wordpress.example.com']\n      \
         headers: {{set: {{X-Site: one}}, remove: [Server]}}\n      \
         cors: {{origins: ['https://app.example.com']}}\n      \
         cookies: {{same_site: none, partitioned: true}}\n      routes:\n        \
         - {{path: /v1/, to: models}}\n        - {{path: /health, to: gateway}}\n"
    );
    for (path, rest) in routes {
        section.push_str(&format!("        - {{path: {path}, {rest}}}\n"));
    }
    Gateway::start(Config::new().section(&section)).await
}

async fn get(port: u16, target: &str, headers: &str) -> RawAnswer {
    let mut raw = Raw::connect(port).await;
    let request = format!("GET {target} HTTP/1.1\r\nhost: site.example\r\n{headers}\r\n");
    raw.write(request.as_bytes()).await;
    raw.answer().await
}

fn values(answer: &RawAnswer, name: &str) -> Vec<String> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    values.map(|(_, value)| value.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_policy_leaves_whatever_is_answered() {
    let page = Behind::start(PAGE).await;
    let empty = "HTTP/1.1 304 Not Modified\r\nx-frame-options: DENY\r\nconnection: close\r\n\r\n";
    let (unchanged, moved, failed) = (
        Behind::start(empty).await,
        Behind::start(&PAGE.replace("200 OK", "302 Found\r\nlocation: /x")).await,
        Behind::start(&PAGE.replace("200 OK", "500 Oops")).await,
    );
    let to = |address: &str| format!("to: '{address}', public: true");
    let routes = [
        ("/page", to(&page.address)),
        ("/unchanged", to(&unchanged.address)),
        ("/moved", to(&moved.address)),
        ("/failed", to(&failed.address)),
        ("/private", format!("to: '{}'", page.address)),
        ("/dead", to("http://127.0.0.1:1")),
    ];
    let routes: Vec<_> = routes.iter().map(|(path, rest)| (*path, rest.as_str())).collect();
    let gateway = framed(&routes).await;
    let own = "frame-ancestors https://wordpress.example.com";
    let kept = format!("default-src 'self', img-src *; {own}");
    let cases = [
        ("/page", 200, kept.as_str()),
        ("/unchanged", 304, own),
        ("/moved", 302, &kept),
        ("/failed", 500, &kept),
        ("/private", 401, own),
        ("/dead", 502, own),
        ("/v1/models", 401, own),
        ("/health/liveliness", 200, own),
        ("/nothing", 404, own),
    ];
    for (path, status, policy) in cases {
        let answer = get(gateway.port, path, "").await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(values(&answer, "content-security-policy"), [policy], "{path}");
        assert!(values(&answer, "x-frame-options").is_empty(), "{path}: {answer:?}");
        assert_eq!(values(&answer, "x-site"), ["one"], "{path}");
        assert!(values(&answer, "server").is_empty(), "{path}");
    }
    let answer = get(gateway.port, "/page", "").await;
    let cookie = "token=abc; Path=/; SameSite=None; Secure; Partitioned";
    assert_eq!(values(&answer, "set-cookie"), [cookie]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_told_what_was_seen_and_not_what_a_client_claims() {
    let behind = Behind::start(PAGE).await;
    let gateway = framed(&[("/", &format!("to: '{}', public: true", behind.address))]).await;
    let forged = "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\n\
        X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Ssl: on\r\n\
        Forwarded: for=6.6.6.6\r\nAuthorization: Bearer x\r\nX-One: 1\r\nKeep-Alive: 5\r\n\
        Connection: keep-alive, authorization, x-real-ip, x-one\r\n";
    assert_eq!(get(gateway.port, "/x", forged).await.status, 200);
    let port = gateway.port.to_string();
    let expected = [
        ("host", "site.example"),
        ("x-real-ip", "127.0.0.1"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "site.example"),
        ("x-forwarded-port", &port),
        ("forwarded", "for=127.0.0.1;host=site.example;proto=http"),
        ("authorization", "Bearer x"),
    ];
    for (name, value) in expected {
        assert_eq!(behind.values(name), [value], "{name}");
    }
    for gone in ["x_real_ip", "x-forwarded-ssl", "x-one", "keep-alive"] {
        assert!(behind.values(gone).is_empty(), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_listed_origins_may_call() {
    let behind = Behind::start(PAGE).await;
    let gateway = framed(&[("/", &format!("to: '{}', public: true", behind.address))]).await;
    let allowed = |answer: &RawAnswer| values(answer, "access-control-allow-origin");
    let app = "origin: https://app.example.com\r\n";
    for path in ["/x", "/v1/models"] {
        let answer = get(gateway.port, path, app).await;
        assert_eq!(allowed(&answer), ["https://app.example.com"], "{path}");
        let answer = get(gateway.port, path, "origin: https://evil.example\r\n").await;
        assert!(allowed(&answer).is_empty(), "{path}: {answer:?}");
        assert_eq!(values(&answer, "vary"), ["Origin"], "{path}");
    }
    let count = behind.count();
    for (origin, status) in [("https://app.example.com", 200), ("https://evil.example", 403)] {
        let mut raw = Raw::connect(gateway.port).await;
        let request = format!(
            "OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: site.example\r\norigin: {origin}\r\n\
             access-control-request-method: POST\r\n\r\n"
        );
        raw.write(request.as_bytes()).await;
        let answer = raw.answer().await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(allowed(&answer).len(), usize::from(status == 200), "{answer:?}");
    }
    assert_eq!(behind.count(), count, "questions are not passed on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_is_sent_on_to_https_but_for_challenges() {
    let (plain, tls) = (free_port(), free_port());
    let section = format!(
        "edge:\n  listeners:\n    - {{address: '127.0.0.1:{plain}', redirect_to_https: true}}\n    \
         - {{address: '127.0.0.1:{tls}', tls: {{self_signed: [site.example]}}}}\n  \
         sites:\n    - hosts: ['*']\n      routes:\n        - {{path: /, to: gateway}}\n        \
         - {{path: /behind, to: 'http://127.0.0.1:1'}}\n"
    );
    let gateway = Builder::new(Config::new().section(&section)).start().await;
    let answer = get(plain, "/a%20b?c=d&e", "").await;
    assert_eq!(answer.status, 301);
    assert_eq!(values(&answer, "location"), ["https://site.example/a%20b?c=d&e"]);
    assert_eq!(get(plain, "/.well-known/acme-challenge/x", "").await.status, 404);
    assert_eq!(get(gateway.port, "/health/liveliness", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_cannot_be_got_round_by_how_a_path_is_written() {
    let behind = Behind::start(PAGE).await;
    let routes = [
        ("/", format!("to: '{}', public: true", behind.address)),
        ("/private", format!("to: '{}'", behind.address)),
    ];
    let routes: Vec<_> = routes.iter().map(|(path, rest)| (*path, rest.as_str())).collect();
    let gateway = framed(&routes).await;
    for (path, status) in [
        ("/public", 200),
        ("/private", 401),
        ("/x/../private", 404),
        ("/%70rivate", 404),
        ("//private", 404),
    ] {
        assert_eq!(get(gateway.port, path, "").await.status, status, "{path}");
    }
    assert_eq!(behind.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_take_turns_and_one_that_is_away_is_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = Behind::start_at(&folder.path().join("site.sock"), PAGE).await;
    let port = Behind::start(PAGE).await;
    let list = format!(
        "to: ['{}', 'http://127.0.0.1:1', '{}'], public: true",
        socket.address, port.address
    );
    let gateway = framed(&[("/", &list)]).await;
    for _ in 0..6 {
        assert_eq!(get(gateway.port, "/x", "").await.status, 200);
    }
    let counts: BTreeSet<usize> = [socket.count(), port.count()].into();
    assert_eq!(counts.iter().sum::<usize>(), if counts.len() == 1 { 3 } else { 6 });
    assert!(!counts.contains(&0), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_beyond_the_routes_limit_is_refused() {
    let behind = Behind::start(PAGE).await;
    let rest = format!("to: '{}', public: true, body_bytes: 10", behind.address);
    let gateway = framed(&[("/", &rest)]).await;
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    let cases = [
        ("content-length: 10\r\n\r\n0123456789".to_owned(), 200),
        ("content-length: 11\r\n\r\n0123456789a".to_owned(), 413),
        (format!("{chunked}b\r\n0123456789a\r\n0\r\n\r\n"), 413),
        // The answer is read although the body is not.
        (format!("{chunked}200000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x20_0000)), 413),
    ];
    for (body, status) in cases {
        let mut raw = Raw::connect(gateway.port).await;
        let request = format!("POST /x HTTP/1.1\r\nhost: site.example\r\n{body}");
        raw.write_unless_refused(request.as_bytes()).await;
        let answer = raw.answer().await;
        assert_eq!(answer.status, status, "{} bytes: {answer:?}", body.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_passes_and_no_other_protocol() {
    let upgraded = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\
        connection: upgrade\r\n\r\n";
    let behind = Behind::start(upgraded).await;
    let page = Behind::start(PAGE).await;
    let routes = [
        ("/ws", format!("to: '{}', public: true", behind.address)),
        ("/", format!("to: '{}', public: true", page.address)),
    ];
    let routes: Vec<_> = routes.iter().map(|(path, rest)| (*path, rest.as_str())).collect();
    let gateway = framed(&routes).await;
    let mut raw = Raw::connect(gateway.port).await;
    let request = "GET /ws HTTP/1.1\r\nhost: site.example\r\nconnection: Upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-key: x\r\n\r\n";
    raw.write(request.as_bytes()).await;
    assert_eq!(raw.answer().await.status, 101);
    assert_eq!(behind.values("upgrade"), ["websocket"]);
    raw.write(b"said").await;
    raw.sees("said").await;
    let h2c = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: x\r\n";
    assert_eq!(get(gateway.port, "/x", h2c).await.status, 200);
    for gone in ["upgrade", "http2-settings"] {
        assert!(page.values(gone).is_empty(), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_compressed_for_those_who_ask_and_streams_are_not() {
    let text = "all work and no play ".repeat(100);
    let head = |kind: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{text}",
            text.len()
        )
    };
    let (page, stream) =
        (Behind::start(&head("text/html")).await, Behind::start(&head("text/event-stream")).await);
    let routes = [
        ("/page", format!("to: '{}', public: true", page.address)),
        ("/stream", format!("to: '{}', public: true", stream.address)),
    ];
    let routes: Vec<_> = routes.iter().map(|(path, rest)| (*path, rest.as_str())).collect();
    let gateway = framed(&routes).await;
    let cases = [
        ("/page", "gzip", "gzip"),
        ("/page", "br", "br"),
        ("/page", "zstd", "zstd"),
        ("/page", "gzip;q=0", ""),
        ("/stream", "gzip", ""),
    ];
    for (path, asked, coding) in cases {
        let asked = format!("accept-encoding: {asked}\r\n");
        let answer = get(gateway.port, path, &asked).await;
        assert_eq!(values(&answer, "content-encoding").concat(), coding, "{path} {asked}");
        assert_eq!(answer.body == text.as_bytes(), coding.is_empty(), "{path} {asked}");
        assert!(answer.body.len() < 500 || coding.is_empty(), "{path} {asked}");
    }
}
