//! What is checked of a case.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use tollgate_neutral::Object;
use tollgate_sdk::types::{Event, Failure};

use crate::case::{Case, cases};
use crate::frames::Piece;
use crate::mutate::Mutator;
use crate::said::Said;
use crate::{Body, Sent, Subject};

/// How an answer was read: its events, then how it ended.
type Read = (Vec<Event>, Result<(), Failure>);

/// Checks every case in a folder.
///
/// # Errors
///
/// A case is not as its files say, or reads differently in other groups of frames.
pub fn check(subject: &impl Subject, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut said = BTreeMap::new();
    for case in cases(folder)? {
        if let Some(request) = &case.request {
            let sent = subject.encode(&case.setting, request);
            case.compare("upstream.txt", &sent_text(sent)?)?;
        }
        if let Some(pieces) = &case.answer {
            let read = read_in_every_group(subject, &case, pieces)?;
            case.compare("events.txt", &read_text(&read)?)?;
            said.insert(case.name.clone(), Said::of(&read.0));
        }
    }
    for (name, streamed) in &said {
        let whole = name.strip_suffix("-stream").and_then(|name| said.get(name));
        if whole.is_some_and(|whole| whole != streamed) {
            return Err(format!("{name} says {streamed:?}, but whole it says {whole:?}").into());
        }
    }
    Ok(())
}

fn read_in_every_group(
    subject: &impl Subject,
    case: &Case,
    pieces: &[Piece],
) -> Result<Read, Box<dyn Error>> {
    let whole = read(subject, case, &[pieces]);
    let mut groupings: Vec<Vec<&[Piece]>> = vec![pieces.chunks(1).collect()];
    groupings.extend((0..=pieces.len()).filter_map(|at| {
        let (first, second) = pieces.split_at_checked(at)?;
        Some(vec![first, second])
    }));
    for groups in groupings {
        let other = read(subject, case, &groups);
        if other != whole {
            let name = &case.name;
            return Err(format!("{name} reads {other:?} in groups, at once {whole:?}").into());
        }
    }
    Ok(whole)
}

fn read(subject: &impl Subject, case: &Case, groups: &[&[Piece]]) -> Read {
    let mut decoder = subject.decoder(&case.setting);
    let mut events = Vec::new();
    for group in groups {
        match decoder.push(group.to_vec()) {
            Ok(more) => events.extend(more),
            Err(failure) => return (events, Err(failure)),
        }
    }
    match decoder.finish() {
        Ok(more) => {
            events.extend(more);
            (events, Ok(()))
        }
        Err(failure) => (events, Err(failure)),
    }
}

/// Encodes and decodes changed texts of every case, so often in all. Nothing is expected but that
/// it does not panic, and that a changed answer reads the same one by one and at once.
///
/// # Errors
///
/// The cases cannot be read, a body is no JSON, or an answer reads differently.
pub fn fuzz(subject: &impl Subject, folder: &Path, rounds: usize) -> Result<(), Box<dyn Error>> {
    let cases = cases(folder)?;
    let mut mutator = Mutator::new(7);
    for _ in 0..rounds {
        let Some(case) = cases.get(mutator.below(cases.len())) else {
            continue;
        };
        if let Some(request) = &case.request {
            let body = mutator.mutated(request.as_bytes());
            let sent = subject.encode(&case.setting, &String::from_utf8_lossy(&body));
            sent_text(sent)?;
        }
        if let Some(pieces) = &case.answer {
            let mut pieces = pieces.clone();
            let at = mutator.below(pieces.len());
            if let Some(piece) = pieces.get_mut(at) {
                piece.data = mutator.mutated(&piece.data);
            }
            let one_by_one: Vec<_> = pieces.chunks(1).collect();
            if read(subject, case, &one_by_one) != read(subject, case, &[&pieces]) {
                return Err(format!("{pieces:?} reads differently one by one").into());
            }
        }
    }
    Ok(())
}

fn sent_text(sent: Result<Sent, Failure>) -> Result<String, Box<dyn Error>> {
    let sent = match sent {
        Ok(sent) => sent,
        Err(failure) => return failure_text(&failure),
    };
    let mut text = String::new();
    for line in &sent.head {
        writeln!(text, "{line}")?;
    }
    for name in &sent.dropped {
        writeln!(text, "dropped {name}")?;
    }
    match &sent.body {
        Body::Edited(edits) => {
            for (name, value) in edits {
                writeln!(text, "{name} = {}", value.as_deref().unwrap_or("taken out"))?;
            }
        }
        Body::Replaced(body) => writeln!(text, "{}", pretty(body)?)?,
    }
    Ok(text)
}

/// The body for people to read. It has to be an object in which nothing occurs twice.
fn pretty(body: &[u8]) -> Result<String, Box<dyn Error>> {
    let body = std::str::from_utf8(body)?;
    let object = Object::parse(body).ok_or_else(|| format!("no JSON object: {body}"))?;
    let mut names: Vec<_> = object.names().collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(format!("a member occurs twice: {body}").into());
    }
    // What a client sent deeper or larger than this reader takes goes upstream as it is.
    let value: Result<serde_json::Value, _> = serde_json::from_str(body);
    Ok(value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or(body.to_owned()))
}

fn read_text((events, end): &Read) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    for event in events {
        writeln!(text, "{event:?}")?;
    }
    match end {
        Ok(()) => text.push_str("complete\n"),
        Err(failure) => text.push_str(&failure_text(failure)?),
    }
    Ok(text)
}

fn failure_text(failure: &Failure) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let Failure { kind, message, param, code } = failure;
    writeln!(text, "failure {kind:?} param {param:?} code {code:?}: {message}")?;
    Ok(text)
}
