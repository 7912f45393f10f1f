use super::*;

const A: &str = "https://a.example";

fn list(origins: &[&str], credentials: bool) -> AllowList {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    AllowList::new(&Cors { origins, credentials, max_age: None })
}

fn map(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
    let pairs = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    pairs.collect()
}

fn applied(
    list: &AllowList,
    origin: Option<&'static str>,
    sent: &[(HeaderName, &'static str)],
) -> HeaderMap {
    let mut answer = map(sent);
    AllowList::take_back(&mut answer);
    list.grant(&mut answer, origin.map(HeaderValue::from_static).as_ref());
    answer
}

#[test]
fn only_origins_of_the_list_are_allowed() {
    let one: &[&str] = &[A];
    let closed: &[&str] = &[];
    // The list, whether with credentials, who asks; what is allowed, whether credentials are.
    let cases = [
        ((one, false, Some(A)), (Some(A), false)),
        ((one, true, Some(A)), (Some(A), true)),
        ((one, true, Some("https://b.example")), (None, false)),
        ((one, true, Some("https://a.example.evil")), (None, false)),
        ((one, false, Some("null")), (None, false)),
        ((one, false, None), (None, false)),
        ((closed, false, Some(A)), (None, false)),
        ((&["*"], false, Some(A)), (Some("*"), false)),
        ((&["*"], true, Some(A)), (Some("*"), false)),
    ];
    for ((origins, credentials, asks), expected) in cases {
        let answer = applied(&list(origins, credentials), asks, &[]);
        let allowed = answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|v| v.to_str().unwrap());
        let with_credentials = answer.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        assert_eq!((allowed, with_credentials), expected, "{origins:?} {asks:?}");
    }
}

#[test]
fn an_upstreams_own_permissions_are_taken_back() {
    let sent = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "x-one"),
    ];
    for closed in [list(&[], false), list(&[A], false)] {
        let answer = applied(&closed, Some("https://b.example"), &sent);
        assert!(!answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        assert!(!answer.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        assert!(answer.contains_key(header::ACCESS_CONTROL_EXPOSE_HEADERS));
    }
}

#[test]
fn caches_are_told_that_the_origin_matters() {
    let open = list(&[A], false);
    let vary = |sent: &[(HeaderName, &'static str)]| -> Vec<String> {
        let answer = applied(&open, None, sent);
        let values = answer.get_all(header::VARY).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(vary(&[]), ["Origin"]);
    assert_eq!(vary(&[(header::VARY, "Accept-Encoding")]), ["Accept-Encoding", "Origin"]);
    assert_eq!(vary(&[(header::VARY, "accept, ORIGIN")]), ["accept, ORIGIN"]);
    assert_eq!(vary(&[(header::VARY, "*")]), ["*"]);
    assert!(!applied(&list(&["*"], false), Some(A), &[]).contains_key(header::VARY));
    assert!(!applied(&list(&[], false), Some(A), &[]).contains_key(header::VARY));
}

#[test]
fn a_browsers_question_is_answered_from_the_list() {
    let open = list(&[A], false);
    let asked = [
        (header::ORIGIN, A),
        (header::ACCESS_CONTROL_REQUEST_METHOD, "POST"),
        (header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization, x-one"),
    ];
    let Some(Preflight::Allowed(answer)) = open.preflight(&Method::OPTIONS, &map(&asked)) else {
        panic!("not allowed");
    };
    let answer: HeaderMap = answer.into_iter().collect();
    assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization, x-one");
    assert_eq!(answer[header::ACCESS_CONTROL_MAX_AGE], "600");
    assert!(answer[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("PATCH"));
    let mut other = map(&asked);
    other.insert(header::ORIGIN, HeaderValue::from_static("https://b.example"));
    assert_eq!(open.preflight(&Method::OPTIONS, &other), Some(Preflight::Refused));
}

#[test]
fn what_is_no_question_or_nobody_may_ask_goes_on() {
    let asked = map(&[(header::ORIGIN, A), (header::ACCESS_CONTROL_REQUEST_METHOD, "POST")]);
    let plain = map(&[(header::ORIGIN, A)]);
    assert_eq!(list(&[A], false).preflight(&Method::GET, &asked), None);
    assert_eq!(list(&[A], false).preflight(&Method::OPTIONS, &plain), None);
    assert_eq!(list(&[], false).preflight(&Method::OPTIONS, &asked), None);
}
