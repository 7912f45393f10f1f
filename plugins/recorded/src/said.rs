//! What an answer says in all, however many pieces it came in.

use tollgate_sdk::types::{Event, FinishReason, ToolCallDelta, Usage};

/// An answer put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Its text.
    pub text: String,
    /// Its reasoning, with signatures and sealed blocks at their places.
    pub reasoning: Vec<String>,
    /// Its refusal.
    pub refusal: String,
    /// Its sources.
    pub citations: Vec<String>,
    /// Its calls: id, name, arguments.
    pub calls: Vec<(String, String, String)>,
    /// Members without an event of their own.
    pub extensions: Vec<String>,
    /// Documents.
    pub documents: Vec<String>,
    /// The id.
    pub id: Option<String>,
    /// Why each choice ended.
    pub finishes: Vec<FinishReason>,
    /// What was used at the end.
    pub usage: Option<Usage>,
}

// === impl Said ===

impl Said {
    /// Puts events together.
    pub fn of(events: &[Event]) -> Self {
        let mut said = Self::default();
        let mut open = false;
        for event in events {
            open = said.add(event, open);
        }
        said
    }

    /// Adds an event. Gives whether a block of reasoning is open after it.
    fn add(&mut self, event: &Event, open: bool) -> bool {
        match event {
            Event::Id(id) => self.id = Some(id.clone()),
            Event::Choice(index) => self.extensions.push(format!("choice {index}")),
            Event::Text(text) => self.text.push_str(text),
            Event::Reasoning(text) => {
                match self.reasoning.last_mut() {
                    Some(last) if open => last.push_str(text),
                    _ => self.reasoning.push(text.clone()),
                }
                return true;
            }
            Event::Signature(signature) => self.reasoning.push(format!("signed {signature}")),
            Event::SealedReasoning(data) => self.reasoning.push(format!("sealed {data}")),
            Event::Refusal(text) => self.refusal.push_str(text),
            Event::Citation(source) => self.citations.push(source.clone()),
            Event::ToolCall(delta) => self.call(delta),
            Event::ChoiceExtension(extension) | Event::Extension(extension) => {
                self.extensions.push(format!("{} {}", extension.name, extension.value));
            }
            Event::Finish(reason) => self.finishes.push(*reason),
            Event::Document(document) => self.documents.push(document.clone()),
            Event::Usage(usage) => self.usage = Some(*usage),
        }
        false
    }

    fn call(&mut self, delta: &ToolCallDelta) {
        let index = usize::try_from(delta.index).unwrap_or(usize::MAX).min(1000);
        if self.calls.len() <= index {
            self.calls.resize(index + 1, Default::default());
        }
        let Some((id, name, arguments)) = self.calls.get_mut(index) else {
            return;
        };
        id.push_str(delta.id.as_deref().unwrap_or_default());
        name.push_str(delta.name.as_deref().unwrap_or_default());
        arguments.push_str(&delta.arguments);
    }
}
