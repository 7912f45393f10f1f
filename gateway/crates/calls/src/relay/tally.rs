//! What is seen of a translated answer: the usage that its provider reports, and a count of what
//! came in case none is reported.

use tollgate_domain::{Event, Observed, Usage};

/// English text has about four bytes a token; only used where no report came.
const BYTES_PER_TOKEN: u64 = 4;

/// What was seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    reported: Option<Usage>,
    /// Output tokens: each piece is one, or its bytes by four if that is more.
    counted: u64,
    began: bool,
    finished: bool,
}

// === impl Tally ===

impl Tally {
    /// Counts an event.
    pub(crate) fn count(&mut self, event: &Event) {
        self.began = true;
        match event {
            Event::Text(piece) | Event::Reasoning(piece) | Event::Refusal(piece) => {
                self.piece(piece.len());
            }
            Event::ToolCall(delta) => {
                let name = delta.name.as_ref().map_or(0, String::len);
                self.piece(name + delta.arguments.len());
            }
            Event::SealedReasoning(block) => self.piece(block.len()),
            Event::Usage(usage) => self.reported = Some(*usage),
            Event::Finish(_) | Event::Document(_) => self.finished = true,
            Event::Id(_)
            | Event::Choice(_)
            | Event::Signature(_)
            | Event::Citation(_)
            | Event::ChoiceExtension(_)
            | Event::Extension(_) => {}
        }
    }

    /// What the call used; `prompt_bytes` is the length of its input. What was reported before the
    /// answer was cut may be less than what came since.
    pub(crate) fn observed(&self, prompt_bytes: u64) -> Observed {
        match self.reported {
            Some(usage) if self.finished || usage.output >= self.counted => {
                Observed::Reported(usage)
            }
            Some(usage) => Observed::Estimated(Usage { output: self.counted, ..usage }),
            None if self.began => Observed::Estimated(self.estimate(prompt_bytes)),
            None => Observed::Nothing,
        }
    }

    /// The count so far.
    pub(crate) fn estimate(&self, prompt_bytes: u64) -> Usage {
        let counted = Usage {
            input: prompt_bytes.div_ceil(BYTES_PER_TOKEN),
            output: self.counted,
            ..Usage::default()
        };
        self.reported
            .map_or(counted, |usage| Usage { output: usage.output.max(self.counted), ..usage })
    }

    fn piece(&mut self, bytes: usize) {
        self.counted += u64::from(bytes > 0).max(bytes as u64 / BYTES_PER_TOKEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_domain::FinishReason;

    #[test]
    fn pieces_are_counted_until_a_report_replaces_the_count() {
        let mut tally = Tally::default();
        assert_eq!(tally.observed(40), Observed::Nothing);
        tally.count(&Event::Id("x".to_owned()));
        tally.count(&Event::Text("a".to_owned()));
        tally.count(&Event::Reasoning("twelve bytes".to_owned()));
        let estimate = Usage { input: 10, output: 4, ..Usage::default() };
        assert_eq!(tally.observed(40), Observed::Estimated(estimate));
        tally.count(&Event::Finish(FinishReason::Stop));
        let reported = Usage { input: 1, output: 2, ..Usage::default() };
        tally.count(&Event::Usage(reported));
        assert_eq!(tally.observed(40), Observed::Reported(reported));
    }

    #[test]
    fn a_report_from_before_the_text_is_not_believed_of_a_stream_that_was_cut() {
        let mut tally = Tally::default();
        tally.count(&Event::Usage(Usage { input: 9, output: 1, ..Usage::default() }));
        tally.count(&Event::Text("twelve bytes".to_owned()));
        let estimate = Usage { input: 9, output: 3, ..Usage::default() };
        assert_eq!(tally.observed(40), Observed::Estimated(estimate));
        assert_eq!(tally.estimate(40), estimate);
    }
}
