//! The events of a whole answer, put together.

use std::collections::BTreeMap;

use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

use super::extensions::Extensions;
use super::logprobs;
use crate::json::{Text, compact};

/// An answer that is complete.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) id: Option<String>,
    pub(super) choices: BTreeMap<u32, Choice>,
    pub(super) extensions: Extensions,
    pub(super) document: Option<Text>,
    pub(super) usage: Option<Usage>,
}

/// One of its choices.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) index: u32,
    pub(super) blocks: Vec<Block>,
    pub(super) extensions: Extensions,
    pub(super) finish: Option<FinishReason>,
    /// Pieces of `logprobs`, which become one extension.
    logprobs: Vec<String>,
}

/// A run of events of one kind.
#[derive(Debug)]
pub(super) enum Block {
    /// Text, and the sources named for it. Text after a source is another block.
    Text { text: String, sources: Vec<String> },
    /// Reasoning, and what proves it.
    Reasoning { text: String, signature: Option<String> },
    /// Reasoning that only the provider can read.
    Sealed(String),
    /// A refusal.
    Refusal(String),
    /// A tool call with all of its arguments.
    Tool(ToolCallDelta),
}

// === impl Folded ===

impl Folded {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut folded = Self::default();
        let mut current = 0;
        for event in events {
            match event {
                Event::Id(id) => folded.id = Some(id.clone()),
                Event::Choice(index) => current = *index,
                Event::Usage(usage) => folded.usage = Some(*usage),
                Event::Document(document) => folded.document = compact(document),
                Event::Extension(Extension { name, value }) => folded.extensions.set(name, value),
                _ => folded.choice(current).add(event),
            }
        }
        folded.choice(0);
        for choice in folded.choices.values_mut() {
            if let Some(joined) = logprobs::joined(&std::mem::take(&mut choice.logprobs)) {
                choice.extensions.set("logprobs", &joined);
            }
        }
        folded
    }

    /// The only choice of dialects that have one.
    pub(super) fn first(&self) -> Option<&Choice> {
        self.choices.get(&0)
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        self.choices.entry(index).or_insert_with(|| Choice { index, ..Choice::default() })
    }
}

// === impl Choice ===

impl Choice {
    fn add(&mut self, event: &Event) {
        match event {
            Event::Text(piece) => match self.blocks.last_mut() {
                Some(Block::Text { text, sources }) if sources.is_empty() => text.push_str(piece),
                _ => self.blocks.push(Block::Text { text: piece.clone(), sources: Vec::new() }),
            },
            Event::Reasoning(piece) => match self.blocks.last_mut() {
                Some(Block::Reasoning { text, signature: None }) => text.push_str(piece),
                _ => {
                    self.blocks.push(Block::Reasoning { text: piece.clone(), signature: None });
                }
            },
            Event::Signature(signature) => self.sign(signature),
            Event::SealedReasoning(data) => self.blocks.push(Block::Sealed(data.clone())),
            Event::Refusal(piece) => match self.blocks.last_mut() {
                Some(Block::Refusal(text)) => text.push_str(piece),
                _ => self.blocks.push(Block::Refusal(piece.clone())),
            },
            Event::Citation(source) => self.cite(source),
            Event::ToolCall(delta) => self.tool(delta),
            Event::ChoiceExtension(Extension { name, value }) if name == "logprobs" => {
                self.logprobs.push(value.clone());
            }
            Event::ChoiceExtension(Extension { name, value }) => self.extensions.set(name, value),
            Event::Finish(reason) => self.finish = Some(*reason),
            Event::Id(_)
            | Event::Choice(_)
            | Event::Extension(_)
            | Event::Document(_)
            | Event::Usage(_) => {}
        }
    }

    fn sign(&mut self, proof: &str) {
        match self.blocks.last_mut() {
            Some(Block::Reasoning { signature: signature @ None, .. }) => {
                *signature = Some(proof.to_owned());
            }
            _ => {
                let signature = Some(proof.to_owned());
                self.blocks.push(Block::Reasoning { text: String::new(), signature });
            }
        }
    }

    fn cite(&mut self, source: &str) {
        if compact(source).is_none() {
            return;
        }
        match self.blocks.last_mut() {
            Some(Block::Text { sources, .. }) => sources.push(source.to_owned()),
            _ => {
                let sources = vec![source.to_owned()];
                self.blocks.push(Block::Text { text: String::new(), sources });
            }
        }
    }

    fn tool(&mut self, delta: &ToolCallDelta) {
        let known = self.blocks.iter_mut().rev().find_map(|block| match block {
            Block::Tool(tool) if tool.index == delta.index => Some(tool),
            _ => None,
        });
        match known {
            Some(tool) => tool.arguments.push_str(&delta.arguments),
            None => self.blocks.push(Block::Tool(delta.clone())),
        }
    }

    /// All of its text.
    pub(super) fn text(&self) -> String {
        let text = |block: &Block| match block {
            Block::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.blocks.iter().filter_map(text).collect()
    }

    /// Its tool calls.
    pub(super) fn tools(&self) -> impl Iterator<Item = &ToolCallDelta> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Tool(tool) => Some(tool),
            _ => None,
        })
    }

    /// All of its refusal, if it has one.
    pub(super) fn refusal(&self) -> Option<String> {
        let text = |block: &Block| match block {
            Block::Refusal(text) => Some(text.clone()),
            _ => None,
        };
        let pieces: Vec<String> = self.blocks.iter().filter_map(text).collect();
        (!pieces.is_empty()).then(|| pieces.concat())
    }
}
