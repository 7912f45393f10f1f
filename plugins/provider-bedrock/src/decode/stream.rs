//! ConverseStream's answer, message by message.

use tollgate_neutral::{Object, count, malformed};
use tollgate_sdk::types::{Event, Failure, FailureKind, FinishReason};

use super::blocks::{self, Tool, Tools};
use super::{ended, object};
use crate::{explain, usage};

/// Blocks of tools that may be open at once. Bedrock ends each before the next one begins.
const OPEN_MAX: usize = 64;

/// A stream under way.
pub(crate) struct Stream {
    tools: Tools,
    open: Vec<Open>,
    end: Option<Result<FinishReason, Failure>>,
}

/// A tool's block that has not ended.
struct Open {
    index: u64,
    tool: Tool,
    /// Whether any piece of the arguments has come.
    has_arguments: bool,
}

// === impl Stream ===

impl Stream {
    pub(super) fn new() -> Self {
        Self { tools: Tools::default(), open: Vec::new(), end: None }
    }

    /// Adds the events of a message. One of a kind that nobody knows is passed over.
    pub(super) fn push(
        &mut self,
        name: &str,
        data: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        match name {
            "contentBlockStart" => self.start(&object(data)?, events),
            "contentBlockDelta" => self.delta(&object(data)?, events),
            "contentBlockStop" => {
                self.stop(&object(data)?, events);
                Ok(())
            }
            "messageStop" => {
                let message = object(data)?;
                let reason = message.text("stopReason").ok_or_else(unreadable)?;
                self.end = Some(ended(&reason, self.tools.is_answer_only()));
                Ok(())
            }
            "metadata" => {
                let used = object(data)?.object("usage").as_ref().and_then(usage::usage);
                events.extend(used.map(Event::Usage));
                Ok(())
            }
            // Errors that are not modelled have a name of their own each.
            name if name.ends_with("xception") || name.ends_with("rror") => {
                Err(explain::exception(name, data))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, message: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Failure> {
        let start = message.object("start");
        let Some(tool) = start.and_then(|start| start.object("toolUse")) else { return Ok(()) };
        let index = index(message).ok_or_else(unreadable)?;
        if self.open.len() >= OPEN_MAX {
            return Err(unreadable());
        }
        let (tool, first) = self.tools.begin(&tool).ok_or_else(unreadable)?;
        self.open.push(Open { index, tool, has_arguments: false });
        events.extend(first);
        Ok(())
    }

    /// Ends a block. Of a tool that takes nothing, no piece has come: its arguments are an object
    /// all the same.
    fn stop(&mut self, message: &Object<'_>, events: &mut Vec<Event>) {
        let index = index(message);
        let Some(at) = self.open.iter().position(|open| Some(open.index) == index) else { return };
        let open = self.open.swap_remove(at);
        if !open.has_arguments {
            events.push(open.tool.piece("{}".into()));
        }
    }

    fn delta(&mut self, message: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Failure> {
        let delta = message.object("delta").ok_or_else(unreadable)?;
        if let Some(text) = delta.text("text") {
            events.push(Event::Text(text.into_owned()));
        } else if let Some(tool) = delta.object("toolUse") {
            let index = index(message).ok_or_else(unreadable)?;
            let open = self.open.iter_mut().find(|open| open.index == index);
            let open = open.ok_or_else(unreadable)?;
            let piece = tool.text("input").ok_or_else(unreadable)?;
            if !piece.is_empty() {
                open.has_arguments = true;
                events.push(open.tool.piece(piece.into_owned()));
            }
        } else if let Some(reasoning) = delta.object("reasoningContent") {
            let event = [
                ("text", Event::Reasoning as fn(String) -> Event),
                ("signature", Event::Signature),
                ("redactedContent", Event::SealedReasoning),
            ]
            .into_iter()
            .find_map(|(member, event)| Some(event(reasoning.text(member)?.into_owned())));
            events.push(event.ok_or_else(unreadable)?);
        } else if let Some(cited) = delta.get("citation") {
            events.extend(blocks::citation(cited));
        } else if delta.iter().any(|(member, _)| matches!(member, "text" | "toolUse")) {
            return Err(unreadable());
        }
        Ok(())
    }

    /// The end, once the upstream has closed the stream: usage comes after the reason to stop.
    pub(super) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        match self.end.take() {
            Some(end) => end.map(|finish| vec![Event::Finish(finish)]),
            None => Err(Failure {
                kind: FailureKind::Unavailable,
                message: "The provider broke off before its answer was complete.".into(),
                param: None,
                code: None,
            }),
        }
    }
}

fn index(message: &Object<'_>) -> Option<u64> {
    message.get("contentBlockIndex").and_then(count)
}

fn unreadable() -> Failure {
    malformed("The provider's stream cannot be understood.")
}
