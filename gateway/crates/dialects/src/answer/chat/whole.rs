//! Chat completions that are told at once.

use bytes::Bytes;
use tollgate_domain::{FinishReason, ToolCallDelta};

use super::said::{sealed, thinking, tool_call_id};
use super::{ID_PREFIX, head};
use crate::answer::fold::{Block, Choice, Folded};
use crate::answer::source::{chat_annotation, citation};
use crate::answer::{Subject, usage};
use crate::finish::openai_finish_reason;
use crate::json::{Members, Text, object};

/// The whole answer.
pub(in crate::answer) fn whole(subject: &Subject, folded: &Folded) -> Bytes {
    let id = subject.id(ID_PREFIX, folded.id.as_deref());
    let mut answer = head(subject, &id, "chat.completion", &folded.extensions);
    let choices: Vec<Text> =
        folded.choices.values().map(|it| whole_choice(it, &subject.call)).collect();
    answer.put("choices", &choices);
    answer.put_some("usage", folded.usage.as_ref().map(usage::openai));
    answer.end().into_bytes().into()
}

fn whole_choice(choice: &Choice, call: &str) -> Text {
    let mut members = Members::new();
    let finish = choice.finish.unwrap_or(FinishReason::Stop);
    members.put("finish_reason", openai_finish_reason(finish));
    members.put("index", &choice.index);
    members.put("message", &message(choice, call));
    choice.extensions.put_into(&mut members);
    members.end()
}

fn message(choice: &Choice, call: &str) -> Text {
    let (text, refusal) = (choice.text(), choice.refusal());
    let tools: Vec<Text> = choice.tools().map(|it| whole_tool_call(it, call)).collect();
    let silent = text.is_empty() && (!tools.is_empty() || refusal.is_some());
    let mut message = Members::new();
    message.put("role", "assistant");
    message.put("content", &(!silent).then_some(text));
    message.put_some("refusal", refusal);
    if !tools.is_empty() {
        message.put("tool_calls", &tools);
    }
    put_reasoning(choice, &mut message);
    put_sources(choice, &mut message);
    message.end()
}

/// Reasoning is one block up to its proof, whatever stands between its pieces.
fn put_reasoning(choice: &Choice, message: &mut Members) {
    let (mut text, mut blocks) = (String::new(), Vec::new());
    let mut unproved = String::new();
    for block in &choice.blocks {
        match block {
            Block::Reasoning { text: piece, signature } => {
                text.push_str(piece);
                unproved.push_str(piece);
                if signature.is_some() {
                    let whole = std::mem::take(&mut unproved);
                    blocks.push(thinking(&whole, signature.as_deref()));
                }
            }
            Block::Sealed(data) => {
                if !unproved.is_empty() {
                    blocks.push(thinking(&std::mem::take(&mut unproved), None));
                }
                blocks.push(sealed(data));
            }
            Block::Text { .. } | Block::Refusal(_) | Block::Tool(_) => {}
        }
    }
    if !unproved.is_empty() {
        blocks.push(thinking(&unproved, None));
    }
    if !text.is_empty() {
        message.put("reasoning_content", &text);
    }
    if !blocks.is_empty() {
        message.put("thinking_blocks", &blocks);
    }
}

fn put_sources(choice: &Choice, message: &mut Members) {
    let (mut annotations, mut citations) = (Vec::new(), Vec::new());
    let mut end = 0;
    for block in &choice.blocks {
        let Block::Text { text, sources } = block else { continue };
        end += text.chars().count() as u64;
        annotations.extend(sources.iter().filter_map(|source| chat_annotation(source, end)));
        citations.extend(sources.iter().filter_map(|source| citation(source)));
    }
    if !annotations.is_empty() {
        message.put("annotations", &annotations);
    }
    if !citations.is_empty() {
        message.put("provider_specific_fields", &object! { "citations": citations });
    }
}

fn whole_tool_call(tool: &ToolCallDelta, call: &str) -> Text {
    object! {
        "id": tool_call_id(tool, call),
        "type": "function",
        "function": object! { "name": tool.name, "arguments": tool.arguments },
    }
}
