//! Numbers that look random and are the same in every run.

use serde_json::{Value, json};
use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

/// Pieces of text that are awkward in JSON, in event streams, or in counting characters.
const PIECES: [&str; 12] = [
    "a",
    "Hello ",
    "\n",
    "\r\n\r\n",
    "\"",
    "\\",
    "data: x\n\n",
    "é",
    "日本",
    "🦀",
    "\u{2028}",
    "{}",
];

/// A source of numbers.
pub(crate) struct Random(u64);

impl Random {
    /// The source with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// Whether something that happens once in so many times happens.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of some things.
    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// A text, never empty.
    pub(crate) fn text(&mut self) -> String {
        (0..=self.below(4)).map(|_| self.one(&PIECES)).collect()
    }

    /// A small JSON object.
    pub(crate) fn object(&mut self) -> Value {
        let mut object = json!({});
        for at in 0..self.below(3) {
            object[format!("k{at}")] = match self.below(4) {
                0 => json!(self.text()),
                1 => json!(self.below(1000)),
                2 => json!([self.text(), null, true]),
                _ => json!({"deep": self.text()}),
            };
        }
        object
    }

    /// The events of an answer as a provider's component may give them: one choice or several,
    /// every kind of block, finished and counted at the end.
    pub(crate) fn answer(&mut self, choices: u32) -> Vec<Event> {
        let mut events = vec![Event::Id(self.text())];
        if self.once_in(2) {
            events.push(Event::Usage(self.usage()));
        }
        for choice in 0..choices {
            events.push(Event::Choice(choice));
            let mut tools = 0;
            for _ in 0..self.below(6) {
                self.block(&mut tools, &mut events);
            }
            let finish = [
                FinishReason::Stop,
                FinishReason::Length,
                FinishReason::ToolCalls,
                FinishReason::ContentFilter,
            ];
            events.push(Event::Finish(self.one(&finish)));
        }
        events.push(Event::Usage(self.usage()));
        events
    }

    fn usage(&mut self) -> Usage {
        let (cached_input, cache_write) = (self.below(50) as u64, self.below(50) as u64);
        Usage {
            input: cached_input + cache_write + self.below(50) as u64,
            output: self.below(100) as u64,
            cached_input,
            cache_write,
            reasoning: self.below(10) as u64,
            audio_input: self.below(10) as u64,
            audio_output: self.below(10) as u64,
        }
    }

    fn block(&mut self, tools: &mut u32, events: &mut Vec<Event>) {
        let pieces = 1 + self.below(3);
        match self.below(8) {
            0 | 1 => events.extend((0..pieces).map(|_| Event::Text(self.text()))),
            2 => {
                events.extend((0..pieces).map(|_| Event::Reasoning(self.text())));
                if self.once_in(2) {
                    events.push(Event::Signature(self.text()));
                }
            }
            3 => events.push(Event::SealedReasoning(self.text())),
            4 => events.extend((0..pieces).map(|_| Event::Refusal(self.text()))),
            5 => {
                let source = json!({"type": "page_location", "cited_text": self.text()});
                events.extend([Event::Text(self.text()), Event::Citation(source.to_string())]);
            }
            6 => {
                let logprobs = json!({"content": [{"token": self.text(), "logprob": -0.5}]});
                let (name, value) = ("logprobs".to_owned(), logprobs.to_string());
                events.push(Event::ChoiceExtension(Extension { name, value }));
                events.push(Event::Text(self.text()));
            }
            _ => self.tool_calls(tools, events),
        }
    }

    /// One call, or two whose pieces come in turns.
    fn tool_calls(&mut self, tools: &mut u32, events: &mut Vec<Event>) {
        let first = *tools;
        let last = first + u32::from(self.once_in(2));
        *tools = last + 1;
        let arguments: Vec<Vec<char>> =
            (first..=last).map(|_| self.object().to_string().chars().collect()).collect();
        for index in first..=last {
            events.push(Event::ToolCall(ToolCallDelta {
                index,
                id: Some(format!("call_{index}")),
                name: Some(format!("f{index}")),
                arguments: String::new(),
            }));
        }
        let cut = 1 + self.below(5);
        for at in 0..arguments.iter().map(|it| it.len().div_ceil(cut)).max().unwrap() {
            for (index, arguments) in (first..=last).zip(&arguments) {
                let piece: String = arguments.iter().skip(at * cut).take(cut).collect();
                let (id, name) = (None, None);
                events.push(Event::ToolCall(ToolCallDelta { index, id, name, arguments: piece }));
            }
        }
    }
}
