//! Answers: what is not whole is a failure, no bytes break a decoder, long streams need no memory.

use std::sync::Arc;

use bytes::Bytes;
use tollgate_domain::{Document, Event, Failure, FailureKind, Frame};
use tollgate_host::{Answer, Provider, Ran};

use super::runtime;
use super::targets::{ROWS, Row, call};
use crate::case::Case;
use crate::host;

/// Memory in which any stream must fit: sixteen pages, of which a component has a few from the start.
const STREAM_MEMORY: usize = 1 << 20;

/// How often a piece of a stream is repeated. At 20 bytes of text lost for each, memory would end.
const REPEATS: usize = 50_000;

/// Frames that come in one go when they are many.
const BURST: usize = 16;

/// What a value is, or why there is none. Anything but that or a refusal ends the test.
fn value<T>(title: &str, ran: Ran<T, Failure>) -> Result<T, Failure> {
    match ran {
        Ran::Value(value) => Ok(value),
        Ran::Refused(failure) => Err(failure),
        Ran::Trapped(why) => panic!("{title}: trapped: {why}"),
        Ran::Exceeded(limit) => panic!("{title}: {limit}"),
    }
}

/// Decodes frames, given one by one.
async fn decoded(
    provider: &Arc<Provider>,
    row: &Row,
    streamed: bool,
    frames: &[&[u8]],
) -> Result<Vec<Event>, Failure> {
    let title = row.title();
    let Ran::Value(mut decoder) = provider.decoder(&call(streamed), &row.target(false)).await
    else {
        panic!("{title}: no decoder");
    };
    let mut events = Vec::new();
    for frame in frames {
        let frame = Frame { name: None, data: Bytes::copy_from_slice(frame) };
        events.extend(value(&title, decoder.push(vec![frame]).await)?);
    }
    events.extend(value(&title, decoder.finish().await)?);
    Ok(events)
}

#[test]
fn what_is_no_answer_is_a_failure() {
    let (runtime, host) = (runtime(), host::host());
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let answers: [&[&[u8]]; 12] = [
        &[],
        &[b""],
        &[b"{}"],
        &[b"null"],
        &[b"7"],
        &[b"[]"],
        &[b"{"],
        &[b"\"text\""],
        &[b"\xff\xfe"],
        &[b"<html>Bad gateway</html>"],
        &[b"{}", b"{\"type\":7}", b"{\"choices\":7}"],
        &[deep.as_bytes()],
    ];
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        for frames in answers {
            for streamed in [false, true] {
                let outcome = runtime.block_on(decoded(&provider, row, streamed, frames));
                let start: Vec<_> = frames.iter().map(|f| &f[..f.len().min(40)]).collect();
                let failure = outcome.expect_err(&format!("{}: {start:?}", row.title()));
                let kind = failure.kind;
                let is_upstreams =
                    matches!(kind, FailureKind::Malformed | FailureKind::Unavailable);
                assert!(is_upstreams, "{}: {start:?}: {failure:?}", row.title());
            }
        }
    }
}

#[test]
fn errors_without_form_are_explained_by_their_status() {
    let (runtime, host) = (runtime(), host::host());
    let bodies: [&[u8]; 7] =
        [b"", b"{}", b"[]", b"null", b"<html></html>", b"\xff", br#"{"error":7,"message":[]}"#];
    for row in ROWS {
        let provider = runtime.block_on(host::provider(&host, row.component));
        for (status, kind) in [
            (400, FailureKind::InvalidRequest),
            (401, FailureKind::Authentication),
            (403, FailureKind::Permission),
            (404, FailureKind::NotFound),
            (422, FailureKind::InvalidRequest),
            (429, FailureKind::RateLimited),
            (500, FailureKind::Unavailable),
            (503, FailureKind::Unavailable),
        ] {
            for body in bodies {
                let bytes = Bytes::from_static(body);
                let document = Document::parse(bytes.clone()).ok().map(Arc::new);
                let answer = Answer { status, headers: Arc::default(), bytes, document };
                let Ran::Value(failure) = runtime.block_on(provider.attempt().explain(answer))
                else {
                    panic!("{}: {status} {body:?}", row.title());
                };
                assert_eq!(failure.kind, kind, "{}: {status} {body:?}", row.title());
                assert!(!failure.message.is_empty(), "{}: {status} {body:?}", row.title());
            }
        }
    }
}

#[test]
fn a_stream_of_any_length_fits_in_little_memory() {
    let (runtime, host) = (runtime(), host::host());
    let mut components: Vec<_> = ROWS.iter().map(|row| row.component).collect();
    components.dedup();
    for component in components {
        let provider = runtime.block_on(host::provider_in(&host, component, STREAM_MEMORY));
        let cases = Case::all(component);
        let lengthened =
            cases.iter().filter(|case| runtime.block_on(lengthened(&provider, case))).count();
        assert!(lengthened > 0, "{component} has no stream whose text can be repeated");
    }
}

/// Repeats the first piece of text in a recorded stream. False if there is none, or if the piece
/// does not give text again.
async fn lengthened(provider: &Arc<Provider>, case: &Case) -> bool {
    let streams = case.answers().into_iter().filter(|(_, streamed, _)| *streamed);
    let Some((frames, ..)) = streams.last() else {
        return false;
    };
    let Ran::Value(mut decoder) = provider.decoder(&case.call(true), &case.target()).await else {
        panic!("{}: no decoder", case.name);
    };
    for frame in frames {
        let Ok(events) = value(&case.name, decoder.push(vec![frame.clone()]).await) else {
            return false;
        };
        if !matches!(events.as_slice(), [Event::Text(_)]) {
            continue;
        }
        for _ in 0..REPEATS / BURST {
            let again = decoder.push(vec![frame.clone(); BURST]).await;
            let events = value(&case.name, again).unwrap();
            assert!(events.iter().all(|event| matches!(event, Event::Text(_))), "{}", case.name);
        }
        return true;
    }
    false
}
