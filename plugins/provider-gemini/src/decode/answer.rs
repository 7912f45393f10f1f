//! An answer of a model that talks: its choices and what each has come to.

use std::collections::BTreeMap;

use tollgate_neutral::presentable;
use tollgate_sdk::types::{Event, Failure, FailureKind, FinishReason, Usage};

use super::part::Parts;
use super::report;
use super::wire::{Candidate, Chunk};
use crate::finish::{self, End};
use crate::usage;

/// Choices that an answer may have. Google gives at most 8.
const CHOICES_MAX: u32 = 128;

/// What a choice has come to.
enum Outcome {
    /// More is to come.
    Open,
    /// A finish reason has come, the last one counts.
    Ended { reason: String, message: Option<String> },
}

/// One choice.
struct Choice {
    parts: Parts,
    outcome: Outcome,
}

/// An answer under way.
pub(crate) struct Answer {
    call_id: String,
    is_id_told: bool,
    current: u32,
    choices: BTreeMap<u32, Choice>,
    tool_calls: u32,
    usage: Option<Usage>,
    is_blocked: bool,
}

// === impl Answer ===

impl Answer {
    pub(super) fn new(call_id: &str) -> Self {
        Self {
            call_id: call_id.replace('-', ""),
            is_id_told: false,
            current: 0,
            choices: BTreeMap::new(),
            tool_calls: 0,
            usage: None,
            is_blocked: false,
        }
    }

    /// Adds the events of a chunk.
    pub(super) fn push(
        &mut self,
        chunk: &Chunk<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        if let Some(id) = chunk.response_id.as_deref().filter(|_| !self.is_id_told) {
            self.is_id_told = true;
            events.push(Event::Id(id.into()));
        }
        for candidate in chunk.candidates.iter().flatten() {
            self.candidate(candidate, events)?;
        }
        let feedback = chunk.prompt_feedback.as_ref();
        self.is_blocked |= feedback.is_some_and(|feedback| feedback.block_reason.is_some());
        if let Some(used) = chunk.usage_metadata.as_ref().map(usage::usage)
            && self.usage != Some(used)
        {
            self.usage = Some(used);
            events.push(Event::Usage(used));
        }
        Ok(())
    }

    fn candidate(
        &mut self,
        candidate: &Candidate<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let index = candidate.index;
        if index >= CHOICES_MAX {
            return Err(broken("The provider's answer has too many choices."));
        }
        self.turn_to(index, events);
        let choice = self.choices.entry(index).or_insert_with(Choice::new);
        if let Some(logprobs) = &candidate.logprobs_result {
            events.extend(report::logprobs(logprobs));
        }
        let parts = candidate.content.as_ref().and_then(|content| content.parts.as_deref());
        for part in parts.unwrap_or_default() {
            let mut new_id = || {
                let id = format!("call_{}_{}", self.call_id, self.tool_calls);
                self.tool_calls += 1;
                id
            };
            choice.parts.push(part, &mut new_id, events);
        }
        if let Some(grounding) = &candidate.grounding_metadata {
            report::grounding(grounding, &choice.parts, events);
        }
        if let Some(citations) = &candidate.citation_metadata {
            report::citations(citations, &choice.parts, events);
        }
        if let Some(reason) = &candidate.finish_reason {
            choice.outcome = Outcome::Ended {
                reason: reason.clone().into_owned(),
                message: candidate.finish_message.as_deref().map(presentable),
            };
        }
        Ok(())
    }

    /// The last events.
    pub(super) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        if self.choices.is_empty() {
            if !self.is_blocked {
                return Err(broken("The provider's answer has no choice."));
            }
            // The prompt was refused, and nothing was answered.
            events.push(Event::Finish(FinishReason::ContentFilter));
            return Ok(events);
        }
        for (index, choice) in std::mem::take(&mut self.choices) {
            let reason = choice.end()?;
            self.turn_to(index, &mut events);
            events.push(Event::Finish(reason));
        }
        Ok(events)
    }

    fn turn_to(&mut self, index: u32, events: &mut Vec<Event>) {
        if index != self.current {
            self.current = index;
            events.push(Event::Choice(index));
        }
    }
}

// === impl Choice ===

impl Choice {
    fn new() -> Self {
        Self { parts: Parts::default(), outcome: Outcome::Open }
    }

    fn end(self) -> Result<FinishReason, Failure> {
        let Outcome::Ended { reason, message } = self.outcome else {
            return Err(Failure {
                kind: FailureKind::Unavailable,
                message: "The provider broke off before its answer was complete.".into(),
                param: None,
                code: None,
            });
        };
        match finish::end(&reason, self.parts.has_tool_calls()) {
            End::Complete(finish) => Ok(finish),
            End::Broken => {
                let why = message.unwrap_or_else(|| "It gave no reason.".into());
                let message = format!("The model ended with {}: {why}", presentable(&reason));
                Err(Failure { code: Some(reason), ..broken(&message) })
            }
        }
    }
}

/// An answer that is no answer. Another attempt may well succeed.
fn broken(message: &str) -> Failure {
    Failure { kind: FailureKind::Malformed, message: message.into(), param: None, code: None }
}
