//! Neutral events as JSON, for cases in files.

use serde_json::Value;
use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

/// Reads a list of events: objects of one member, named as the event.
pub(crate) fn read(text: &str) -> Vec<Event> {
    let list: Vec<Value> = serde_json::from_str(text).unwrap();
    list.iter().map(event).collect()
}

fn event(value: &Value) -> Event {
    let (name, value) = value.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match name.as_str() {
        "id" => Event::Id(text()),
        "choice" => Event::Choice(u32::try_from(value.as_u64().unwrap()).unwrap()),
        "text" => Event::Text(text()),
        "reasoning" => Event::Reasoning(text()),
        "signature" => Event::Signature(text()),
        "sealed-reasoning" => Event::SealedReasoning(text()),
        "refusal" => Event::Refusal(text()),
        "citation" => Event::Citation(value.to_string()),
        "tool-call" => Event::ToolCall(ToolCallDelta {
            index: u32::try_from(value["index"].as_u64().unwrap()).unwrap(),
            id: value["id"].as_str().map(str::to_owned),
            name: value["name"].as_str().map(str::to_owned),
            arguments: value["arguments"].as_str().unwrap_or_default().to_owned(),
        }),
        "choice-extension" => Event::ChoiceExtension(extension(value)),
        "extension" => Event::Extension(extension(value)),
        "finish" => Event::Finish(match value.as_str().unwrap() {
            "stop" => FinishReason::Stop,
            "length" => FinishReason::Length,
            "tool-calls" => FinishReason::ToolCalls,
            "content-filter" => FinishReason::ContentFilter,
            other => panic!("{other}"),
        }),
        "document" => Event::Document(value.to_string()),
        "usage" => Event::Usage(usage(value)),
        other => panic!("{other}"),
    }
}

fn extension(value: &Value) -> Extension {
    Extension {
        name: value["name"].as_str().unwrap().to_owned(),
        value: value["value"].to_string(),
    }
}

fn usage(value: &Value) -> Usage {
    let count = |name: &str| value[name].as_u64().unwrap_or(0);
    Usage {
        input: count("input"),
        output: count("output"),
        cached_input: count("cached-input"),
        cache_write: count("cache-write"),
        reasoning: count("reasoning"),
        audio_input: count("audio-input"),
        audio_output: count("audio-output"),
    }
}
