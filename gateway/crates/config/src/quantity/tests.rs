use super::*;

#[test]
fn durations_have_a_unit_or_are_seconds() {
    let cases = [
        ("10ms", 10),
        ("2s", 2_000),
        ("1.5s", 1_500),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("600", 600_000),
        ("0.25", 250),
        ("2 s", 2_000),
    ];
    for (text, millis) in cases {
        assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    for text in
        ["", "s", "0", "0ms", "-1s", "1w", "31d", "1e3", "1.2.3", "99999999999999999999", "5 min"]
    {
        assert_eq!(duration(text), None, "{text}");
    }
}

#[test]
fn sizes_have_a_unit_or_are_bytes() {
    let cases = [("8KiB", 8_192), ("25MiB", 26_214_400), ("1MB", 1_000_000), ("7", 7), ("0", 0)];
    for (text, bytes) in cases {
        assert_eq!(size(text), Some(bytes), "{text}");
    }
    for text in ["", "MiB", "1.5MiB", "1mb", "-1", "99999999999GiB"] {
        assert_eq!(size(text), None, "{text}");
    }
}

#[test]
fn decimals_are_exact_or_refused() {
    assert_eq!(decimal("0.15", 9), Some(150_000_000));
    assert_eq!(decimal("60", 9), Some(60_000_000_000));
    assert_eq!(decimal("0.075000000000", 9), Some(75_000_000));
    assert_eq!(decimal("0.1", 9), Some(100_000_000));
    for text in ["", ".5", "-1", "1e3", "0.0000000001", "99999999999999", "1,5"] {
        assert_eq!(decimal(text, 9), None, "{text}");
    }
}

#[test]
fn server_addresses_are_plain() {
    let cases = [
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("HTTP://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:80/a/b//", "http://[::1]:80/a/b"),
        ("http://vllm_1:8000/v1", "http://vllm_1:8000/v1"),
    ];
    for (text, expected) in cases {
        assert_eq!(server_url(text).as_deref(), Ok(expected), "{text}");
    }
    let refused = [
        "",
        "api.openai.com",
        "ftp://x",
        "http://",
        "http:///v1",
        "https://u:p@h/v1",
        "https://h?x=1",
        "https://h#f",
        "https://h:0",
        "https://h:99999",
        "https://h:+1",
        "http://a b",
        "http://[::1",
        "http://[::1]x",
        "http://-a",
        "http://a..b",
        "http://h/é",
    ];
    for text in refused {
        assert!(server_url(text).is_err(), "{text}");
    }
}
