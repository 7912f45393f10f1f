use super::*;

const CSP: HeaderName = header::CONTENT_SECURITY_POLICY;
const REPORT_ONLY: HeaderName = header::CONTENT_SECURITY_POLICY_REPORT_ONLY;

fn applied(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name, HeaderValue::from_static(value));
    }
    Ancestors::new(&["https://w.example".to_owned()]).unwrap().apply(&mut map);
    map
}

#[test]
fn exactly_one_policy_leaves_with_all_other_directives() {
    let own = "frame-ancestors https://w.example";
    // What upstream sends, and what leaves.
    let cases: [(&[&'static str], String); 9] = [
        (&[], own.to_owned()),
        (&["frame-ancestors 'none'"], own.to_owned()),
        (&["default-src 'self'"], format!("default-src 'self'; {own}")),
        (
            &["default-src a; Frame-Ancestors 'none';img-src b;"],
            format!("default-src a; img-src b; {own}"),
        ),
        (&["frame-ancestors\t'none'; img-src b"], format!("img-src b; {own}")),
        (
            &["script-src a", "script-src b; frame-ancestors c"],
            format!("script-src a, script-src b; {own}"),
        ),
        (
            &["script-src a, frame-ancestors 'none', img-src b"],
            format!("script-src a, img-src b; {own}"),
        ),
        (&[" ; , ;; ", ""], own.to_owned()),
        (&["frame-ancestors-x y"], format!("frame-ancestors-x y; {own}")),
    ];
    for (sent, expected) in cases {
        let headers: Vec<_> = sent.iter().map(|value| (CSP, *value)).collect();
        let map = applied(&headers);
        let left: Vec<_> = map.get_all(CSP).iter().collect();
        assert_eq!(left, [expected.as_str()], "{sent:?}");
    }
}

#[test]
fn nothing_else_forbids_framing() {
    let map = applied(&[
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (REPORT_ONLY, "frame-ancestors 'none'"),
    ]);
    assert!(!map.contains_key(header::X_FRAME_OPTIONS));
    assert!(!map.contains_key(REPORT_ONLY));
}

#[test]
fn reports_keep_their_other_directives_and_gain_none() {
    let map =
        applied(&[(REPORT_ONLY, "img-src a; frame-ancestors b"), (REPORT_ONLY, "font-src c")]);
    let left: Vec<_> = map.get_all(REPORT_ONLY).iter().collect();
    assert_eq!(left, ["img-src a, font-src c"]);
}

#[test]
fn several_ancestors_stand_in_one_directive() {
    let origins = ["'self'", "https://*.example"].map(str::to_owned);
    let mut map = HeaderMap::new();
    Ancestors::new(&origins).unwrap().apply(&mut map);
    assert_eq!(map[CSP], "frame-ancestors 'self' https://*.example");
    assert!(Ancestors::new(&["a\nb".to_owned()]).is_none());
}

#[test]
fn pages_are_asked_for_whole_and_everything_else_may_be_unchanged() {
    let cases = [
        (Some("iframe"), false),
        (Some("document"), false),
        (Some("serviceworker"), false),
        (Some("script"), true),
        (Some("empty"), true),
        (None, true),
    ];
    for (kind, expected) in cases {
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\""));
        request.insert(header::IF_MODIFIED_SINCE, HeaderValue::from_static("x"));
        if let Some(kind) = kind {
            request.insert("sec-fetch-dest", HeaderValue::from_static(kind));
        }
        Ancestors::apply_to_request(&mut request);
        for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
            assert_eq!(request.contains_key(&name), expected, "{kind:?} {name}");
        }
    }
}
