use super::*;

const ALL: [&str; 6] = [
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "forwarded",
];

fn told(peer: &str, is_tls: bool, sent: &[(&'static str, &'static str)]) -> (HeaderMap, Client) {
    let mut request = HeaderMap::new();
    for (name, value) in sent {
        request.append(*name, HeaderValue::from_static(value));
    }
    let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).into();
    let peer = peer.parse().ok();
    let port = if is_tls { 443 } else { 80 };
    let client = Client::of(Seen { peer, is_tls, port, trusted: &trusted }, "a.example", &request);
    client.tell(peer, &mut request);
    (request, client)
}

fn values(map: &HeaderMap) -> [&str; 6] {
    ALL.map(|name| map.get(name).map_or("", |value| value.to_str().unwrap()))
}

const FORGED: [(&str, &str); 7] = [
    ("x-real-ip", "6.6.6.6"),
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-for", "7.7.7.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "1"),
    ("forwarded", "for=6.6.6.6"),
];

#[test]
fn what_a_client_claims_is_overwritten() {
    let (map, client) = told("192.0.2.1", false, &FORGED);
    let expected = [
        "192.0.2.1",
        "192.0.2.1",
        "http",
        "a.example",
        "80",
        "for=192.0.2.1;host=a.example;proto=http",
    ];
    assert_eq!(values(&map), expected);
    assert!(ALL.iter().all(|name| map.get_all(*name).iter().count() == 1));
    assert_eq!(client.address, "192.0.2.1".parse().ok());
}

#[test]
fn a_peer_without_an_address_leaves_nothing_of_the_clients() {
    let (map, client) = told("", true, &FORGED);
    let forwarded = "for=unknown;host=a.example;proto=https";
    assert_eq!(values(&map), ["", "", "https", "a.example", "443", forwarded]);
    assert_eq!(client.address, None);
}

#[test]
fn a_trusted_proxy_is_believed() {
    let sent = [
        ("x-forwarded-for", "6.6.6.6, 192.0.2.1"),
        ("x-forwarded-for", "10.1.1.1"),
        ("x-forwarded-proto", "HTTPS"),
        ("x-forwarded-host", "b.example:8443"),
        ("forwarded", "for=192.0.2.1"),
        ("x-real-ip", "6.6.6.6"),
    ];
    let (map, client) = told("10.0.0.1", false, &sent);
    let expected = [
        "192.0.2.1",
        "6.6.6.6, 192.0.2.1, 10.1.1.1, 10.0.0.1",
        "https",
        "b.example:8443",
        "443",
        "for=192.0.2.1, for=10.0.0.1;host=\"b.example:8443\";proto=https",
    ];
    assert_eq!(values(&map), expected);
    assert!(client.is_https);
}

#[test]
fn the_client_is_the_first_untrusted_address_from_the_right() {
    // What the proxy at 10.0.0.1 sends, and who the client is.
    let cases = [
        ("192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("6.6.6.6,192.0.2.1 , 10.2.2.2", "192.0.2.1"),
        ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
        ("6.6.6.6, unknown, 10.2.2.2", "10.2.2.2"),
        ("unknown", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1, fd00::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ];
    for (sent, expected) in cases {
        let (map, client) = told("10.0.0.1", false, &[("x-forwarded-for", sent)]);
        assert_eq!(client.address, expected.parse().ok(), "{sent}");
        assert_eq!(map["x-real-ip"], expected, "{sent}");
    }
}

#[test]
fn what_a_trusted_proxy_leaves_open_or_garbles_is_as_it_was_seen() {
    let sent = [
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-host", "b/c"),
        ("x-forwarded-port", "many"),
    ];
    let (map, _) = told("::ffff:10.0.0.1", true, &sent);
    let forwarded = "for=10.0.0.1;host=a.example;proto=https";
    let expected = ["10.0.0.1", "10.0.0.1", "https", "a.example", "443", forwarded];
    assert_eq!(values(&map), expected);
    let twice = [("x-forwarded-proto", "http"), ("x-forwarded-proto", "https")];
    assert_eq!(told("10.0.0.1", false, &twice).0["x-forwarded-proto"], "http");
}

#[test]
fn ipv6_is_quoted_where_the_grammar_wants_it() {
    let (map, _) = told("2001:db8::1", true, &[]);
    assert_eq!(map["x-forwarded-for"], "2001:db8::1");
    assert_eq!(map["forwarded"], "for=\"[2001:db8::1]\";host=a.example;proto=https");
}

#[test]
fn a_host_that_is_none_is_not_told() {
    let mut request = HeaderMap::new();
    let seen = Seen { peer: "192.0.2.1".parse().ok(), is_tls: false, port: 80, trusted: &[] };
    let client = Client::of(seen, "a\";for=6.6.6.6;x=\"", &request);
    client.tell(seen.peer, &mut request);
    let expected = ["192.0.2.1", "192.0.2.1", "http", "", "80", "for=192.0.2.1;proto=http"];
    assert_eq!(values(&request), expected);
}
