//! Requests: nothing of a client's wish is lost silently, and no size or depth breaks a component.

use tollgate_domain::{Failure, FailureKind};
use tollgate_host::{Plan, Provider, Ran, Reading, UpstreamBody, UpstreamRequest};

use super::runtime;
use super::targets::{ROWS, Row, call};
use super::wishes::{CHOICES, CONVERSATIONS, PARAMETERS, PLAIN, TOOL_MARKS, Wish, with_tool};
use crate::host;

/// Headers that are the host's to set.
const HOST_HEADERS: [&str; 5] =
    ["host", "content-length", "content-type", "authorization", "transfer-encoding"];

/// What is sent for a body, or why not. Anything but a value or a refusal ends the test.
async fn sent(
    provider: &Provider,
    row: &Row,
    body: String,
    drop_params: bool,
) -> Result<UpstreamRequest, Failure> {
    let (title, document) = (row.title(), host::document(body));
    let target = row.target(drop_params);
    match provider.attempt().encode(&call(false), document, &target, None).await {
        Ran::Value(Plan::Send(request)) => Ok(request),
        Ran::Refused(failure) => Err(failure),
        Ran::Value(Plan::Answer(_)) => panic!("{title}: nobody is asked"),
        Ran::Trapped(why) => panic!("{title}: trapped: {why}"),
        Ran::Exceeded(limit) => panic!("{title}: {limit}"),
    }
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
    params.iter().any(|param| named == *param || named.starts_with(&format!("{param}[")))
}

/// Checks that a wish is carried with its marks, or named as lost.
fn carried_or_named(
    row: &Row,
    wish: &Wish,
    plain: &str,
    outcome: Result<UpstreamRequest, Failure>,
) {
    let title = format!("{}: {}", row.title(), wish.members);
    match outcome {
        Ok(request) if request.dropped.iter().any(|name| names(wish.params, name)) => (),
        Ok(request) => {
            let told = told(&request);
            assert_ne!(told, plain, "{title} makes no difference, and is not said to be lost");
            for mark in wish.marks {
                assert!(told.contains(mark), "{title} loses {mark}: {told}");
            }
        }
        Err(failure) => {
            assert_eq!(failure.kind, FailureKind::InvalidRequest, "{title}: {failure:?}");
            let param = failure.param.as_deref().unwrap_or_default();
            assert!(names(wish.params, param), "{title}: {failure:?}");
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
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        let outcome =
            |members: &str, drop| runtime.block_on(sent(&provider, row, body(members), drop));
        let plain = told(&outcome(PLAIN, false).unwrap());
        for drop in [false, true] {
            for wish in PARAMETERS {
                let outcome = outcome(&format!("{PLAIN},{}", wish.members), drop);
                let is_refused = outcome.is_err() && drop;
                assert!(!is_refused, "{} {}: {outcome:?}", row.title(), wish.members);
                carried_or_named(row, wish, &plain, outcome);
            }
            for wish in CONVERSATIONS {
                carried_or_named(row, wish, &plain, outcome(wish.members, drop));
            }
            let tool = told(&outcome(&with_tool(), drop).unwrap());
            let lost = TOOL_MARKS.iter().find(|mark| !tool.contains(**mark));
            assert_eq!(lost, None, "{}: {tool}", row.title());
            for wish in CHOICES {
                let outcome = outcome(&format!("{},{}", with_tool(), wish.members), drop);
                carried_or_named(row, wish, &tool, outcome);
            }
        }
    }
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

#[test]
fn neither_size_nor_depth_breaks_a_component() {
    let (runtime, host) = (runtime(), host::host());
    let picture = format!(
        r#""messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":
            "data:image/png;base64,{}"}}}}]}}]"#,
        "A".repeat(5 << 20)
    );
    let turn = r#"{"role":"user","content":"hi"},{"role":"assistant","content":"ho"},"#;
    let talk = format!(r#""messages":[{}{{"role":"user","content":"hi"}}]"#, turn.repeat(2000));
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{}{{}}{}", open.repeat(depth), close.repeat(depth))
    };
    let schema = nested(r#"{"type":"object","properties":{"a":"#, "}}", 60);
    let list = nested("[", "]", 60);
    let tool = |schema: &str| {
        format!(
            r#"{PLAIN},"tools":[{{"type":"function","function":{{"name":"f","strict":true,
                "parameters":{schema}}}}}]"#
        )
    };
    let format = format!(
        r#"{PLAIN},"response_format":{{"type":"json_schema","json_schema":{{"name":"n",
            "schema":{schema}}}}}"#
    );
    let new = format!(r#"{PLAIN},"brand_new":{list}"#);
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        for (members, must_be_sent) in [
            (&picture, true),
            (&talk, true),
            (&tool(&schema), true),
            (&format, true),
            (&new, true),
            (&tool(&list), false),
        ] {
            let outcome = runtime.block_on(sent(&provider, row, body(members), true));
            let failure = outcome.err().filter(|_| must_be_sent);
            let start = &members[..members.len().min(120)];
            assert!(failure.is_none(), "{}: {start}: {failure:?}", row.title());
        }
    }
}
