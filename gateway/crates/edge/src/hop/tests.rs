use super::*;

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    map
}

fn left(headers: &[(&'static str, &'static str)], upgrade: Upgrade) -> Vec<(String, String)> {
    let original = map(headers);
    let mut request = original.clone();
    end_here(&mut request, &original, upgrade);
    let pairs = request.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()));
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    pairs
}

fn names(headers: &[(&'static str, &'static str)]) -> Vec<String> {
    left(headers, Upgrade::No).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn headers_of_the_connection_end_here() {
    let sent = [
        ("connection", "keep-alive, X-One"),
        ("keep-alive", "5"),
        ("proxy-connection", "close"),
        ("proxy-authorization", "Basic x"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "x"),
        ("te", "gzip"),
        ("trailer", "x"),
        ("x-one", "1"),
        ("x-two", "2"),
    ];
    assert_eq!(names(&sent), ["x-two"]);
}

#[test]
fn headers_that_protect_cannot_be_nominated_away() {
    let sent = [
        ("connection", "close, authorization, X-Real-IP, x-forwarded-for, cookie, host, forwarded"),
        ("connection", "x-api-key, content-length, origin, sec-fetch-site, , bad name"),
        ("authorization", "Bearer x"),
        ("x-real-ip", "1"),
        ("x-forwarded-for", "1"),
        ("cookie", "a=b"),
        ("host", "h"),
        ("forwarded", "for=x"),
        ("x-api-key", "k"),
        ("content-length", "3"),
        ("origin", "null"),
        ("sec-fetch-site", "none"),
    ];
    let mut expected: Vec<_> = sent[2..].iter().map(|(name, _)| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(names(&sent), expected);
}

#[test]
fn names_that_mislead_are_dropped() {
    let sent = [
        ("x_forwarded_for", "1"),
        ("x_real-ip", "1"),
        ("content_length", "1"),
        ("x-forwarded-ssl", "on"),
        ("x-forwarded-prefix", "/admin"),
        ("x-forwarded", "for=x"),
        ("x-forward", "stays"),
        ("accept", "stays"),
    ];
    assert_eq!(names(&sent), ["accept", "x-forward"]);
}

#[test]
fn trailers_are_still_asked_for() {
    let te = |value| left(&[("te", value)], Upgrade::No);
    assert_eq!(te("Trailers "), [("te".to_owned(), "trailers".to_owned())]);
    assert!(te("gzip;q=1").is_empty());
    let nominated = left(&[("connection", "te"), ("te", "trailers")], Upgrade::No);
    assert_eq!(nominated, [("te".to_owned(), "trailers".to_owned())]);
}

#[test]
fn only_websockets_go_on() {
    let cases = [
        ("GET", "Upgrade", "websocket", Upgrade::WebSocket),
        ("GET", "keep-alive, upgrade", "WebSocket", Upgrade::WebSocket),
        ("POST", "upgrade", "websocket", Upgrade::No),
        ("GET", "keep-alive", "websocket", Upgrade::No),
        ("GET", "upgrade", "h2c", Upgrade::No),
    ];
    for (method, connection, protocol, expected) in cases {
        let sent = [("connection", connection), ("upgrade", protocol)];
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let found = upgrade(&method, &map(&sent));
        assert_eq!(found, expected, "{method} {connection} {protocol}");
        assert_eq!(left(&sent, found).len(), if found == Upgrade::WebSocket { 2 } else { 0 });
    }
}

#[test]
fn cookies_that_came_apart_go_on_as_one() {
    let cases = [
        (vec![("cookie", "a=b"), ("cookie", "c=d"), ("cookie", "e=f")], vec!["a=b; c=d; e=f"]),
        (vec![("cookie", "a=b; c=d")], vec!["a=b; c=d"]),
        (vec![("accept", "*/*")], vec![]),
    ];
    for (sent, expected) in cases {
        let mut request = map(&sent);
        join_cookies(&mut request);
        let found: Vec<_> = request.get_all("cookie").iter().collect();
        assert_eq!(found, expected, "{sent:?}");
    }
}

#[test]
fn an_answer_without_chunks_ends_with_its_connection() {
    let mut answer = map(&[("transfer-encoding", "chunked"), ("x-one", "1")]);
    assert!(without_chunks(&mut answer));
    assert_eq!(answer, map(&[("x-one", "1")]));
    let mut answer = map(&[("content-length", "3")]);
    assert!(!without_chunks(&mut answer));
    assert_eq!(answer, map(&[("content-length", "3")]));
}

#[test]
fn an_answer_leaves_without_what_was_for_the_gateway() {
    let sent = [
        ("connection", "close, x-one, content-length, x-frame-options"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("upgrade", "h2c"),
        ("x-one", "1"),
        ("x-two", "2"),
        ("content-length", "3"),
        ("x-frame-options", "DENY"),
    ];
    let names = |status| -> Vec<String> {
        let mut answer = map(&sent);
        answered_here(&mut answer, status);
        let mut names: Vec<_> = answer.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let expected = ["connection", "content-length", "x-frame-options", "x-two"];
    assert_eq!(names(StatusCode::OK), expected);
    assert!(names(StatusCode::UPGRADE_REQUIRED).contains(&"upgrade".to_owned()));
}
