//! The conversation: `systemInstruction` and `contents`.

use std::collections::HashMap;

use tollgate_neutral::{
    Assistant, ChatRequest, Loss, Message, Object, Part, Reasoning, Text, ToolCall, ToolResult,
    Turn, invalid, write,
};
use tollgate_sdk::types::Failure;

use super::Target;
use super::media::{self, Resolution};
use crate::address::Api;

/// What proves nothing, base64: models of the third generation refuse calls of functions that come
/// without proof, as those of clients that do not carry it back, or of another model, do.
const NO_PROOF: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// The conversation as JSON texts.
pub(super) struct Conversation {
    pub(super) system: Option<String>,
    pub(super) contents: Vec<String>,
    pub(super) resolution: Option<&'static str>,
}

/// Who speaks. What tools give comes in the user's role, but not together with what the user says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    User,
    Model,
    Tools,
}

/// Makes the conversation. Messages of one speaker that follow each other become one content.
pub(super) fn conversation(
    request: &ChatRequest<'_>,
    target: &Target<'_>,
    loss: &mut Loss,
) -> Result<Conversation, Failure> {
    let mut writer = Writer {
        has_ids: *target.api == Api::AiStudio,
        wants_proof: target.deployment.model.contains("gemini-3"),
        is_typed: *target.api != Api::AiStudio,
        resolution: Resolution::default(),
        names: HashMap::new(),
        loss,
    };
    let mut system = Vec::new();
    let mut contents: Vec<(Speaker, Vec<String>)> = Vec::new();
    for (index, message) in request.messages.iter().enumerate() {
        let (speaker, parts) = match message {
            Message::System(turn) => {
                system.extend(writer.turn(turn)?);
                continue;
            }
            Message::User(turn) => (Speaker::User, writer.turn(turn)?),
            Message::Assistant(said) => (Speaker::Model, writer.assistant(said, index)?),
            Message::Tool(result) => (Speaker::Tools, writer.result(result, index)?),
        };
        match contents.last_mut() {
            Some((last, all)) if *last == speaker => all.extend(parts),
            _ => contents.push((speaker, parts)),
        }
    }
    contents.retain(|(_, parts)| !parts.is_empty());
    if contents.is_empty() {
        // Somebody has to say something: without anybody else it is the application.
        contents.push((Speaker::User, std::mem::take(&mut system)));
    }
    let resolution = writer.resolution.word();
    let content = |role: Option<&str>, parts: &[String]| {
        write::object(|content| {
            if let Some(role) = role {
                content.text("role", role);
            }
            content.array("parts", |list| parts.iter().for_each(|part| list.json(part)));
        })
    };
    Ok(Conversation {
        system: (!system.is_empty()).then(|| content(None, &system)),
        contents: contents.iter().map(|(who, parts)| content(Some(who.role()), parts)).collect(),
        resolution,
    })
}

// === impl Speaker ===

impl Speaker {
    fn role(self) -> &'static str {
        match self {
            Self::User | Self::Tools => "user",
            Self::Model => "model",
        }
    }
}

/// Writes parts, and remembers what later ones depend on.
struct Writer<'a, 'l> {
    /// Whether the API takes ids of function calls.
    has_ids: bool,
    /// Whether the model refuses calls of functions without proof.
    wants_proof: bool,
    /// Whether the API wants a media type for every file.
    is_typed: bool,
    resolution: Resolution,
    /// Names of functions by the ids of their calls, both as JSON text.
    names: HashMap<&'a str, &'a str>,
    loss: &'l mut Loss,
}

// === impl Writer ===

impl<'a> Writer<'a, '_> {
    fn turn(&mut self, turn: &Turn<'a>) -> Result<Vec<String>, Failure> {
        if turn.rest.get("name").is_some() {
            self.loss.drop("messages.name")?;
        }
        self.parts(&turn.content)
    }

    fn parts(&mut self, content: &[Part<'a>]) -> Result<Vec<String>, Failure> {
        let mut parts = Vec::new();
        for part in content {
            match part {
                Part::Text { text, .. } | Part::Refusal { text } => {
                    parts.extend((!text.is_empty()).then(|| words(*text)));
                }
                Part::Image { source, detail, .. } => {
                    self.resolution.look(*detail);
                    let otherwise = self.is_typed.then_some("image/jpeg");
                    parts.push(media::part(source, None, otherwise));
                }
                Part::Audio { base64, format, .. } => parts.push(media::sound(*format, *base64)),
                Part::File { source, name, .. } => {
                    let name = name.and_then(Text::decoded);
                    let otherwise = self.is_typed.then_some("application/pdf");
                    parts.push(media::part(source, name.as_deref(), otherwise));
                }
                Part::Other { .. } => self.loss.drop("messages.content")?,
            }
        }
        Ok(parts)
    }

    /// What the model has said. What proves its reasoning belongs to the first call of a function,
    /// or without any to the last of its words.
    fn assistant(&mut self, said: &Assistant<'a>, index: usize) -> Result<Vec<String>, Failure> {
        let mut thoughts = Vec::new();
        let mut proof = None;
        for block in &said.reasoning {
            // A sealed block is another provider's: Gemini has none.
            if let Reasoning::Open { text, signature } = block {
                thoughts.extend((!text.is_empty()).then(|| thought(*text)));
                proof = signature.or(proof);
            }
        }
        let mut spoken = self.parts(&said.content)?;
        if let Some(refusal) = said.refusal.filter(|text| !text.is_empty()) {
            spoken.push(words(refusal));
        }
        let mut calls = Vec::new();
        for (position, call) in said.tool_calls.iter().enumerate() {
            let at = format!("messages[{index}].tool_calls[{position}]");
            self.names.insert(call.id.json(), call.name.json());
            let none = self.wants_proof.then(|| format!("\"{NO_PROOF}\""));
            let proof = proof.map(|text| text.json().to_owned()).or(none);
            calls.push(self.call(call, &at, proof.filter(|_| position == 0))?);
        }
        if let Some(proof) = proof.filter(|_| calls.is_empty()) {
            let last = spoken.pop().unwrap_or_else(|| r#"{"text":""}"#.to_owned());
            spoken.push(proven(&last, proof.json()));
        }
        thoughts.extend(spoken);
        thoughts.extend(calls);
        Ok(thoughts)
    }

    fn call(
        &self,
        call: &ToolCall<'a>,
        at: &str,
        proof: Option<String>,
    ) -> Result<String, Failure> {
        let arguments = call.arguments.decoded().unwrap_or_default();
        let arguments = if arguments.trim().is_empty() { "{}" } else { arguments.as_ref() };
        let Some(_) = Object::parse(arguments) else {
            return Err(invalid(at, &format!("{at}.function.arguments must be a JSON object.")));
        };
        let part = write::object(|part| {
            part.object("functionCall", |function| {
                if self.has_ids {
                    function.json("id", call.id.json());
                }
                function.json("name", call.name.json());
                function.json("args", arguments.trim());
            });
        });
        Ok(proof.map_or_else(|| part.clone(), |proof| proven(&part, &proof)))
    }

    /// What a tool gave: an object as it is, words under the name `output`, pictures beside it.
    fn result(&mut self, result: &ToolResult<'a>, index: usize) -> Result<Vec<String>, Failure> {
        let Some(name) = self.names.get(result.call_id.json()).copied() else {
            let at = format!("messages[{index}].tool_call_id");
            return Err(invalid(&at, &format!("{at} names no call of a tool before it.")));
        };
        let is_text = |part: &&Part<'_>| matches!(part, Part::Text { .. });
        let texts = result.content.iter().filter(is_text).filter_map(|part| match part {
            Part::Text { text, .. } => text.decoded(),
            _ => None,
        });
        let output = texts.collect::<Vec<_>>().join("\n");
        let others: Vec<Part<'a>> =
            result.content.iter().filter(|part| !is_text(part)).cloned().collect();
        let response = write::object(|part| {
            part.object("functionResponse", |response| {
                if self.has_ids {
                    response.json("id", result.call_id.json());
                }
                response.json("name", name);
                if Object::parse(&output).is_some() {
                    response.json("response", output.trim());
                } else {
                    response.object("response", |object| object.text("output", &output));
                }
            });
        });
        let mut parts = vec![response];
        parts.extend(self.parts(&others)?);
        Ok(parts)
    }
}

fn words(text: Text<'_>) -> String {
    write::object(|part| part.json("text", text.json()))
}

fn thought(text: Text<'_>) -> String {
    write::object(|part| {
        part.json("text", text.json());
        part.flag("thought", true);
    })
}

/// A part with what proves the reasoning behind it. Parts are objects with at least one member.
fn proven(part: &str, proof: &str) -> String {
    let open = part.strip_suffix('}').unwrap_or(part);
    format!(r#"{open},"thoughtSignature":{proof}}}"#)
}
