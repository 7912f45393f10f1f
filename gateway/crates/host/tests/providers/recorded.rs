//! The recorded cases of translating providers, replayed in the components themselves: within
//! their memory, their stack and their time, and with the same outcome as their own tests saw.

use std::sync::Arc;

use serde_json::Value;
use tollgate_domain::{Event, Failure, Frame};
use tollgate_host::{Plan, Provider, Ran, UpstreamBody};

use crate::case::Case;
use crate::host;

/// Providers that have recorded cases, by the names of their components.
const RECORDED: [&str; 4] = ["anthropic", "bedrock", "cohere", "gemini"];

#[test]
fn components_do_what_was_recorded() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for name in RECORDED {
        let host = host::host();
        let provider = runtime.block_on(host::provider(&host, name));
        let cases = Case::all(name);
        assert!(cases.len() > 20, "{name} has {} cases", cases.len());
        for case in &cases {
            runtime.block_on(replay(&provider, case));
        }
    }
}

async fn replay(provider: &Arc<Provider>, case: &Case) {
    if let (Some(body), Some(expected)) = (case.body(), case.upstream()) {
        let encoded = encode(provider, case, body).await;
        match (encoded, expected.get("failure")) {
            (Ok(Some(sent)), None) => assert_eq!(sent, expected["body"], "{}", case.name),
            (Ok(None), None) => assert!(expected["body"].is_null(), "{}", case.name),
            (Err(failure), Some(told)) => {
                let told = told.as_str().unwrap();
                assert!(told.ends_with(&failure.message), "{}: {failure:?}", case.name);
            }
            (other, _) => panic!("{}: {other:?}", case.name),
        }
    }
    for (frames, streamed, file) in case.answers() {
        let (events, failure) = decode(provider, case, frames, streamed).await;
        let recorded = case.lines(file);
        let told = recorded.iter().filter(|line| line.starts_with("failure ")).count();
        assert_eq!(events.len() + told, recorded.len(), "{}: {events:?}", case.name);
        assert_eq!(failure.is_some(), told == 1, "{}: {failure:?}", case.name);
    }
}

/// The body that is sent; none if the client's own is, with some members changed.
async fn encode(
    provider: &Arc<Provider>,
    case: &Case,
    body: String,
) -> Result<Option<Value>, Failure> {
    let mut attempt = provider.attempt();
    let call = case.call(case.is_streamed());
    let document = host::document(body);
    match attempt.encode(&call, document, &case.target(), case.output_cap()).await {
        Ran::Value(Plan::Send(request)) => match request.body {
            UpstreamBody::Replaced(bytes) => Ok(Some(serde_json::from_slice(&bytes).unwrap())),
            UpstreamBody::Edited(_) => Ok(None),
        },
        Ran::Value(Plan::Answer(_)) => panic!("{}: nobody is asked", case.name),
        Ran::Refused(failure) => Err(failure),
        Ran::Trapped(why) => panic!("{}: trapped: {why}", case.name),
        Ran::Exceeded(limit) => panic!("{}: {limit}", case.name),
    }
}

/// Decodes an answer frame by frame, as slow upstreams send it.
async fn decode(
    provider: &Arc<Provider>,
    case: &Case,
    frames: Vec<Frame>,
    streamed: bool,
) -> (Vec<Event>, Option<Failure>) {
    let call = case.call(streamed);
    let Ran::Value(mut decoder) = provider.decoder(&call, &case.target()).await else {
        panic!("{}: no decoder", case.name);
    };
    let mut events = Vec::new();
    for frame in frames {
        match decoder.push(vec![frame]).await {
            Ran::Value(more) => events.extend(more),
            Ran::Refused(failure) => return (events, Some(failure)),
            Ran::Trapped(why) => panic!("{}: trapped: {why}", case.name),
            Ran::Exceeded(limit) => panic!("{}: {limit}", case.name),
        }
    }
    match decoder.finish().await {
        Ran::Value(more) => {
            events.extend(more);
            (events, None)
        }
        Ran::Refused(failure) => (events, Some(failure)),
        Ran::Trapped(why) => panic!("{}: trapped: {why}", case.name),
        Ran::Exceeded(limit) => panic!("{}: {limit}", case.name),
    }
}
