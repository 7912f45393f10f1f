//! Answers read frame by frame, the same however their frames are grouped.

use tollgate_sdk::types::{Event, Failure, FailureKind};

use crate::failure::malformed;

/// Reads the frames of one answer. What it remembers is its own.
pub trait Reader {
    /// Gives the events of the next frame's data. Not called again once it has said that the answer
    /// is complete, or failed.
    ///
    /// # Errors
    ///
    /// The provider reports an error, or the frame cannot be understood.
    fn read(&mut self, data: &str, events: &mut Vec<Event>) -> Result<Progress, Failure>;
}

/// How far an answer is after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More has to come.
    Partial,
    /// Nothing is missing; what comes now is skipped.
    Complete,
}

/// An answer that is being read.
#[derive(Debug)]
pub struct Answer<R> {
    reader: R,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Partial,
    Complete,
    /// It failed after events that had to be given first.
    Failed(Failure),
}

// === impl Answer ===

impl<R: Reader> Answer<R> {
    /// Nothing has been read yet.
    pub fn new(reader: R) -> Self {
        Self { reader, stage: Stage::Partial }
    }

    /// Gives the events of the next frames, of which only the data counts. A failure after events
    /// waits until they are given: frames that came together read as frames that came one by one.
    ///
    /// # Errors
    ///
    /// The reader's own, or that a frame is not UTF-8.
    pub fn push<'f>(
        &mut self,
        frames: impl IntoIterator<Item = &'f [u8]>,
    ) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        for data in frames {
            match &self.stage {
                Stage::Complete => break,
                Stage::Failed(failure) => return Err(failure.clone()),
                Stage::Partial => (),
            }
            match self.frame(data, &mut events) {
                Ok(Progress::Partial) => (),
                Ok(Progress::Complete) => self.stage = Stage::Complete,
                Err(failure) => {
                    self.stage = Stage::Failed(failure.clone());
                    if events.is_empty() {
                        return Err(failure);
                    }
                    break;
                }
            }
        }
        Ok(events)
    }

    /// The upstream has closed the answer.
    ///
    /// # Errors
    ///
    /// It was not complete, or a failure has waited.
    pub fn finish(&self) -> Result<Vec<Event>, Failure> {
        match &self.stage {
            Stage::Complete => Ok(Vec::new()),
            Stage::Failed(failure) => Err(failure.clone()),
            Stage::Partial => Err(Failure {
                kind: FailureKind::Unavailable,
                message: "The provider's answer broke off before its end.".into(),
                param: None,
                code: None,
            }),
        }
    }

    fn frame(&mut self, data: &[u8], events: &mut Vec<Event>) -> Result<Progress, Failure> {
        let data = std::str::from_utf8(data);
        let data = data.map_err(|_| malformed("The provider's answer is not UTF-8."))?;
        self.reader.read(data, events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives each frame as text; `end` ends, `bad` fails.
    struct Echo;

    impl Reader for Echo {
        fn read(&mut self, data: &str, events: &mut Vec<Event>) -> Result<Progress, Failure> {
            match data {
                "bad" => Err(malformed("bad")),
                "end" => Ok(Progress::Complete),
                text => {
                    events.push(Event::Text(text.into()));
                    Ok(Progress::Partial)
                }
            }
        }
    }

    fn read(groups: &[&[&str]]) -> (usize, Result<(), Failure>) {
        let mut answer = Answer::new(Echo);
        let mut count = 0;
        for group in groups {
            match answer.push(group.iter().map(|text| text.as_bytes())) {
                Ok(events) => count += events.len(),
                Err(failure) => return (count, Err(failure)),
            }
        }
        (count, answer.finish().map(|_| ()))
    }

    #[test]
    fn groups_of_frames_make_no_difference() {
        for (frames, texts, is_whole) in [
            (vec!["a", "b", "end", "c"], 2, true),
            (vec!["a", "bad", "b"], 1, false),
            (vec!["bad"], 0, false),
            (vec!["a"], 1, false),
            (vec![], 0, false),
        ] {
            let one_by_one: Vec<&[&str]> = frames.chunks(1).collect();
            let read_so = read(&one_by_one);
            assert_eq!((read_so.0, read_so.1.is_ok()), (texts, is_whole), "{frames:?}");
            assert_eq!(read(&[&frames]), read_so, "{frames:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_fail() {
        let failure = Answer::new(Echo).push([&b"\xff"[..]]).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed);
    }
}
