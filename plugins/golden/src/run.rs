//! Every case of a component, replayed.

use serde_json::Value;
use tollgate_sdk::types::{Call, Event, Failure};

use crate::case::{Case, Setup};
use crate::frames::{Frame, groupings};
use crate::mutate::Mutations;
use crate::render::{joined, rendered};

/// The events of an answer, and how it ended if not well.
pub struct Decoded {
    /// What came before the end.
    pub events: Vec<Event>,
    /// Why it ended, if it is no whole answer.
    pub failure: Option<Failure>,
}

/// A component, without the bindings around it.
pub trait Subject {
    /// The plan for a request, shown as JSON.
    fn encode(&self, call: &Call, setup: &Setup, body: &[u8]) -> Result<Value, Failure>;
    /// What a new decoder makes of an answer that is handed over in these groups.
    fn decode(&self, call: &Call, setup: &Setup, groups: &[&[Frame]]) -> Decoded;
    /// The explanation of an answer that is no success.
    fn explain(&self, status: u16, body: &[u8]) -> Failure;
}

/// Replays every case of the component whose manifest is in a folder.
///
/// # Panics
///
/// On the first difference.
pub fn check_all(manifest_folder: &str, subject: &dyn Subject) {
    for case in Case::all(manifest_folder) {
        let mut checked = 0;
        if let Some(body) = case.text("request.json") {
            let plan = subject.encode(&case.call(), &case.setup, body.as_bytes());
            let shown = plan.unwrap_or_else(
                |failure| serde_json::json!({"failure": shown(&failure).trim_end()}),
            );
            case.check("upstream.json", &format!("{shown:#}\n"));
            checked += 1;
        }
        let whole = case.text("answer.json").map(|body| {
            let frames = Frame::whole(&body);
            let decoded = subject.decode(&case.call_of(false), &case.setup, &[&frames]);
            case.check("events.txt", &text_of(&decoded));
            decoded
        });
        let streamed = case.stream().map(|frames| stream(&case, subject, &frames));
        if let (Some(whole), Some(streamed)) = (&whole, &streamed) {
            let (whole, streamed) = (joined(&whole.events), joined(&streamed.events));
            assert_eq!(rendered(&whole), rendered(&streamed), "{}: whole and streamed", case.name);
        }
        checked += usize::from(whole.is_some()) + usize::from(streamed.is_some());
        if let Some(body) = case.text("error.json") {
            let failure = subject.explain(case.setup.status, body.as_bytes());
            case.check("failure.txt", &shown(&failure));
            checked += 1;
        }
        assert!(checked > 0, "{}: nothing to check", case.name);
    }
}

/// Decodes a stream in every grouping; all must give the same.
fn stream(case: &Case, subject: &dyn Subject, frames: &[Frame]) -> Decoded {
    let call = case.call_of(true);
    let each: Vec<&[Frame]> = frames.chunks(1).collect();
    let one_by_one = subject.decode(&call, &case.setup, &each);
    let expected = text_of(&one_by_one);
    case.check("stream-events.txt", &expected);
    for lengths in groupings(frames.len()) {
        let mut rest = frames;
        let mut groups = Vec::new();
        for length in &lengths {
            let (group, after) = rest.split_at(*length);
            groups.push(group);
            rest = after;
        }
        let decoded = subject.decode(&call, &case.setup, &groups);
        assert_eq!(text_of(&decoded), expected, "{}: in groups of {lengths:?}", case.name);
    }
    // A stream that is cut anywhere is no whole answer.
    for kept in 0..each.len() {
        let cut = subject.decode(&call, &case.setup, &each[..kept]);
        let is_finished =
            rendered(&cut.events).lines().filter(|line| line.starts_with("finish")).count();
        let expected = rendered(&one_by_one.events);
        let finishes = expected.lines().filter(|line| line.starts_with("finish")).count();
        if is_finished < finishes {
            assert!(cut.failure.is_some(), "{}: cut after {kept} frames", case.name);
        }
    }
    one_by_one
}

fn text_of(decoded: &Decoded) -> String {
    let failure = decoded.failure.as_ref().map(shown).unwrap_or_default();
    rendered(&decoded.events) + &failure
}

fn shown(failure: &Failure) -> String {
    let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    format!(
        "failure {:?} param={} code={} {}\n",
        failure.kind,
        of(&failure.param),
        of(&failure.code),
        failure.message
    )
}

/// Damages every recorded request, answer and error in `rounds` ways each. Nothing may panic, and
/// an answer ends either with a failure or with a finish for each choice that began.
///
/// # Panics
///
/// If the component does.
pub fn fuzz(manifest_folder: &str, subject: &dyn Subject, rounds: usize) {
    for (seed, case) in (1..).zip(Case::all(manifest_folder)) {
        let setup = &case.setup;
        let mutated = |file: &str| {
            let text = case.text(file);
            text.into_iter()
                .flat_map(move |text| Mutations::new(text.as_bytes(), seed).take(rounds))
        };
        for body in mutated("request.json") {
            let _ = subject.encode(&case.call(), setup, &body);
        }
        for body in mutated("answer.json") {
            let frame = [Frame { name: None, data: body }];
            ends_well(&case.name, &subject.decode(&case.call_of(false), setup, &[&frame]));
        }
        for body in mutated("error.json") {
            let _ = subject.explain(setup.status, &body);
        }
        let Some(frames) = case.stream() else { continue };
        for (at, frame) in frames.iter().enumerate() {
            for data in Mutations::new(&frame.data, seed).take(rounds) {
                let mut damaged = frames.clone();
                damaged[at].data = data;
                ends_well(&case.name, &subject.decode(&case.call_of(true), setup, &[&damaged]));
            }
        }
    }
}

fn ends_well(name: &str, decoded: &Decoded) {
    let ended = |event: &Event| matches!(event, Event::Finish(_) | Event::Document(_));
    assert!(
        decoded.failure.is_some() || decoded.events.iter().any(ended),
        "{name}: an answer without an end:\n{}",
        rendered(&decoded.events)
    );
}
