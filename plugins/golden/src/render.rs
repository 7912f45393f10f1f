//! Events as lines of text, and joined so that a stream compares with a whole answer.

use tollgate_sdk::types::{Event, Usage};

/// One line for each event.
pub fn rendered(events: &[Event]) -> String {
    events.iter().map(|event| line(event) + "\n").collect()
}

fn line(event: &Event) -> String {
    match event {
        Event::Id(id) => format!("id {id}"),
        Event::Choice(index) => format!("choice {index}"),
        Event::Text(text) => format!("text {text:?}"),
        Event::Reasoning(text) => format!("reasoning {text:?}"),
        Event::Signature(text) => format!("signature {text}"),
        Event::SealedReasoning(text) => format!("sealed-reasoning {text}"),
        Event::Refusal(text) => format!("refusal {text:?}"),
        Event::Citation(json) => format!("citation {json}"),
        Event::ToolCall(delta) => format!(
            "tool-call {} {} {} {:?}",
            delta.index,
            delta.id.as_deref().unwrap_or("-"),
            delta.name.as_deref().unwrap_or("-"),
            delta.arguments
        ),
        Event::ChoiceExtension(member) => {
            format!("choice-extension {} {}", member.name, member.value)
        }
        Event::Extension(member) => format!("extension {} {}", member.name, member.value),
        Event::Finish(reason) => format!("finish {reason:?}"),
        Event::Document(json) => format!("document {json}"),
        Event::Usage(usage) => usage_line(usage),
    }
}

fn usage_line(usage: &Usage) -> String {
    format!(
        "usage input={} output={} cached={} written={} reasoning={} audio-in={} audio-out={}",
        usage.input,
        usage.output,
        usage.cached_input,
        usage.cache_write,
        usage.reasoning,
        usage.audio_input,
        usage.audio_output
    )
}

/// The events with pieces that belong together joined, empty pieces left out, and the last usage at
/// the end.
pub fn joined(events: &[Event]) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    let mut usage = None;
    for event in events {
        match (joined.last_mut(), event) {
            (_, Event::Usage(later)) => usage = Some(*later),
            (Some(Event::Text(all)), Event::Text(piece))
            | (Some(Event::Reasoning(all)), Event::Reasoning(piece))
            | (Some(Event::Refusal(all)), Event::Refusal(piece)) => all.push_str(piece),
            (Some(Event::ToolCall(all)), Event::ToolCall(piece)) if piece.id.is_none() => {
                assert_eq!(all.index, piece.index, "a piece of another tool call");
                all.arguments.push_str(&piece.arguments);
            }
            (_, Event::Text(piece) | Event::Reasoning(piece) | Event::Refusal(piece))
                if piece.is_empty() => {}
            _ => joined.push(event.clone()),
        }
    }
    joined.extend(usage.map(Event::Usage));
    joined
}
