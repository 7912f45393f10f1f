//! Messages of Anthropic's that are told at once.

use bytes::Bytes;

use super::{Ending, ID_PREFIX, head, sealed, tool_use};
use crate::answer::fold::{Block, Choice, Folded};
use crate::answer::source::anthropic_citation;
use crate::answer::{Subject, usage};
use crate::json::{Members, Text, compact, object};

/// The whole answer.
pub(in crate::answer) fn whole(subject: &Subject, folded: &Folded) -> Bytes {
    let mut ending = Ending::default();
    let mut content = Vec::new();
    if let Some(choice) = folded.first() {
        ending = Ending {
            finish: choice.finish,
            refused: choice.refusal().is_some(),
            stop_sequence: choice.extensions.get("stop_sequence").cloned(),
        };
        content = blocks(subject, choice);
    }
    let (reason, sequence) = ending.told();
    let used = folded.usage.unwrap_or_default();
    let mut message = head(subject, &subject.id(ID_PREFIX, folded.id.as_deref()));
    message.put("content", &content);
    message.put("stop_reason", reason);
    message.put("stop_sequence", &sequence);
    message.put("usage", &usage::anthropic(&used, folded.extensions.get("service_tier")));
    folded.extensions.put_others_into("service_tier", &mut message);
    message.end().into_bytes().into()
}

fn blocks(subject: &Subject, choice: &Choice) -> Vec<Text> {
    let block = |block: &Block| match block {
        Block::Text { text, sources } if text.is_empty() && sources.is_empty() => None,
        Block::Text { text, sources } => {
            let mut members = Members::new();
            members.put("type", "text");
            members.put("text", text);
            let citations: Vec<Text> =
                sources.iter().filter_map(|it| anthropic_citation(it)).collect();
            if !citations.is_empty() {
                members.put("citations", &citations);
            }
            Some(members.end())
        }
        Block::Refusal(text) => Some(object! { "type": "text", "text": text }),
        Block::Reasoning { text, signature } => Some(object! {
            "type": "thinking",
            "thinking": text,
            "signature": signature.as_deref().unwrap_or_default(),
        }),
        Block::Sealed(data) => Some(sealed(data)),
        Block::Tool(call) => Some(tool_use(subject, call, &input(&call.arguments))),
    };
    choice.blocks.iter().filter_map(block).collect()
}

/// Arguments as an object. What is none, such as arguments that were cut by the output cap, is
/// wrapped as Anthropic advises, so that it is not lost.
fn input(arguments: &str) -> Text {
    if arguments.trim().is_empty() {
        return Members::new().end();
    }
    match compact(arguments).filter(|text| text.as_bytes().starts_with(b"{")) {
        Some(input) => input,
        None => object! { "INVALID_JSON": arguments },
    }
}
