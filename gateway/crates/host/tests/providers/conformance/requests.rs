//! Requests: nothing of a client's wish is lost silently, and no size or depth breaks a component.

use std::sync::Arc;

use tollgate_domain::{Failure, FailureKind};
use tollgate_host::{Plan, Provider, Ran, Reading, UpstreamBody, UpstreamRequest};

use super::runtime;
use super::targets::{ROWS, Row, call};
use super::wishes::{CHOICES, CONVERSATIONS, PARAMETERS, PLAIN, TOOL_MARKS, Wish, with_tool};
use crate::host;

/// Headers that are the host's to set.
const HOST_HEADERS: [&str; 5] =
    ["host", "content-length", "content-type", "authorization", "transfer-encoding"];

/// What became of a request.
type Outcome = Result<UpstreamRequest, Failure>;

/// What is sent for a body, or why not. An error if the component broke.
async fn encoded(
    provider: &Arc<Provider>,
    row: &Row,
    body: String,
    drop_params: bool,
) -> Result<Outcome, String> {
    let document = host::document(body);
    let target = row.target(drop_params);
    match provider.attempt().encode(&call(false), document, &target, None).await {
        Ran::Value(Plan::Send(request)) => Ok(Ok(request)),
        Ran::Refused(failure) => Ok(Err(failure)),
        Ran::Value(Plan::Answer(_)) => Err("nobody is asked".to_owned()),
        Ran::Trapped(why) => Err(format!("trapped: {why}")),
        Ran::Exceeded(limit) => Err(limit.to_string()),
    }
}

/// The same of a component that must not break.
async fn sent(provider: &Arc<Provider>, row: &Row, body: String, drop_params: bool) -> Outcome {
    let encoded = encoded(provider, row, body, drop_params).await;
    encoded.unwrap_or_else(|broken| panic!("{}: {broken}", row.title()))
}

/// Everything that upstream is told.
fn told(request: &UpstreamRequest) -> String {
    let UpstreamBody::Replaced(body) = &request.body else {
        panic!("another body is sent: {request:?}");
    };
    let body: serde_json::Value = serde_json::from_slice(body).expect("JSON is sent");
    format!("{} {:?} {body}", request.path, request.headers)
}

fn body(members: &str) -> String {
    format!(r#"{{"model":"mine",{members}}}"#)
}

fn names(params: &[&str], named: &str) -> bool {
    params.iter().any(|param| {
        let inside = named.strip_prefix(param);
        inside.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
    })
}

/// What is wrong with what became of a wish, if it is neither carried with its marks nor named.
fn fault(wish: &Wish, plain: &str, outcome: Outcome) -> Option<String> {
    match outcome {
        Ok(request) if request.dropped.iter().any(|name| names(wish.params, name)) => None,
        Ok(request) => {
            let told = told(&request);
            if told == plain {
                return Some("makes no difference".to_owned());
            }
            let lost = wish.marks.iter().find(|mark| !told.contains(**mark))?;
            Some(format!("loses {lost}: {told}"))
        }
        Err(failure) => {
            let param = failure.param.as_deref().unwrap_or_default();
            let is_named = names(wish.params, param) && failure.kind == FailureKind::InvalidRequest;
            (!is_named).then(|| format!("is refused by {failure:?}"))
        }
    }
}

#[test]
fn a_request_goes_where_its_provider_is() {
    let (runtime, host) = (runtime(), host::host());
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        let request = runtime.block_on(sent(&provider, row, body(PLAIN), false));
        let request = request.unwrap_or_else(|failure| panic!("{}: {failure:?}", row.title()));
        assert!(request.path.starts_with('/'), "{}: {}", row.title(), request.path);
        assert!(matches!(request.reading, Reading::Decode(_)), "{}", row.title());
        assert!(request.credential.is_some() && request.dropped.is_empty(), "{}", row.title());
        for (name, _) in &request.headers {
            assert_eq!(*name, name.to_ascii_lowercase(), "{}", row.title());
            assert!(!HOST_HEADERS.contains(&name.as_str()), "{}: {name}", row.title());
        }
        assert!(told(&request).contains("hi"), "{}", row.title());
    }
}

#[test]
fn no_wish_is_lost_silently() {
    let (runtime, host) = (runtime(), host::host());
    let mut faults = Vec::new();
    for (row, drop) in ROWS.iter().flat_map(|row| [(row, false), (row, true)]) {
        let provider = runtime.block_on(host::provider(&host, row.component));
        let outcome = |members: &str| runtime.block_on(sent(&provider, row, body(members), drop));
        let mut check = |wish: &Wish, plain: &str, outcome: Outcome| {
            let fault = fault(wish, plain, outcome);
            let told = |what| format!("{} drop {drop}: {} {what}", row.title(), wish.members);
            faults.extend(fault.map(told));
        };
        let (plain, tool) = (told(&outcome(PLAIN).unwrap()), told(&outcome(&with_tool()).unwrap()));
        for wish in PARAMETERS {
            let outcome = outcome(&format!("{PLAIN},{}", wish.members));
            let is_refused = outcome.is_err() && drop;
            assert!(!is_refused, "{} {}: {outcome:?}", row.title(), wish.members);
            check(wish, &plain, outcome);
        }
        for wish in CONVERSATIONS {
            check(wish, &plain, outcome(wish.members));
        }
        for wish in CHOICES {
            check(wish, &tool, outcome(&format!("{},{}", with_tool(), wish.members)));
        }
        let lost = TOOL_MARKS.iter().find(|mark| !tool.contains(**mark));
        assert_eq!(lost, None, "{}: {tool}", row.title());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn bodies_that_are_no_requests_are_refused() {
    let (runtime, host) = (runtime(), host::host());
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        for members in [
            r#""messages":[]"#,
            r#""messages":{}"#,
            r#""messages":["hi"]"#,
            r#""messages":[{"role":"king","content":"hi"}]"#,
            r#""messages":[{"role":"user","content":7}]"#,
            r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":7}]}]"#,
            r#""messages":[{"role":"tool","content":"hi"}]"#,
            r#""x":1"#,
        ] {
            let outcome = runtime.block_on(sent(&provider, row, body(members), true));
            let failure = outcome.expect_err(members);
            assert_eq!(failure.kind, FailureKind::InvalidRequest, "{}: {members}", row.title());
            assert!(failure.param.is_some(), "{}: {members}: {failure:?}", row.title());
        }
    }
}

/// JSON that is nested so deep.
fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{{}}{}", open.repeat(depth), close.repeat(depth))
}

/// Bytes of a picture or text that any component must take within the usual memory, of which this
/// is a fifth: it has the client's body, its own, and a piece or two on the way.
const LARGE: usize = 3 << 20;

/// Members of requests that are large or deep, which any provider takes.
fn extremes() -> [(&'static str, String); 6] {
    let data = "A".repeat(LARGE);
    let url = format!(r#"{{"url":"data:image/png;base64,{data}"}}"#);
    let turn = r#"{"role":"user","content":"hi"},{"role":"assistant","content":"ho"},"#;
    let schema = nested(r#"{"type":"object","properties":{"a":"#, "}}", 60);
    let parameters = format!(r#"{{"name":"f","strict":true,"parameters":{schema}}}"#);
    let format = format!(r#"{{"name":"n","schema":{schema}}}"#);
    let user = |content: &str| format!(r#"{{"role":"user","content":{content}}}"#);
    let picture = format!(r#"[{{"type":"image_url","image_url":{url}}}]"#);
    [
        ("a picture", format!(r#""messages":[{}]"#, user(&picture))),
        ("a long text", format!(r#""messages":[{}]"#, user(&format!(r#""{data}""#)))),
        ("many turns", format!(r#""messages":[{}{}]"#, turn.repeat(2000), user(r#""hi""#))),
        ("a tool", format!(r#"{PLAIN},"tools":[{{"type":"function","function":{parameters}}}]"#)),
        (
            "a format",
            format!(r#"{PLAIN},"response_format":{{"type":"json_schema","json_schema":{format}}}"#),
        ),
        ("something new", format!(r#"{PLAIN},"brand_new":{}"#, nested("[", "]", 60))),
    ]
}

#[test]
fn neither_size_nor_depth_breaks_a_component() {
    let (runtime, host) = (runtime(), host::host());
    let mut faults = Vec::new();
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        for (what, members) in extremes() {
            let outcome = runtime.block_on(encoded(&provider, row, body(&members), true));
            let fault = outcome.map(|sent| sent.err().map(|failure| format!("{failure:?}")));
            let fault = fault.unwrap_or_else(Some);
            faults.extend(fault.map(|fault| format!("{} with {what}: {fault}", row.title())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
