//! Answers whose events are all there: a component's own, and those that were decoded whole.

use bytes::{Bytes, BytesMut};
use tollgate_dialects::{AnswerTooLarge, Subject, Writer, whole};
use tollgate_domain::{Dialect, Event, Observed};

use crate::relay::tally::Tally;

/// What the events say was used; counted if they do not say it.
pub(crate) fn usage(events: &[Event], prompt_bytes: u64) -> Observed {
    let mut tally = Tally::default();
    events.iter().for_each(|event| tally.count(event));
    tally.observed(prompt_bytes)
}

/// The whole answer.
pub(crate) fn body(dialect: Dialect, subject: &Subject, events: &[Event]) -> Bytes {
    whole(dialect, subject, events)
}

/// The stream, and what ends it, which is to be sent after the call is settled.
pub(crate) fn stream(
    dialect: Dialect,
    subject: Subject,
    events: &[Event],
) -> Result<(Bytes, Bytes), AnswerTooLarge> {
    let mut writer = Writer::new(dialect, subject);
    let (mut out, mut last) = (BytesMut::new(), BytesMut::new());
    for event in events {
        writer.event(event, &mut out)?;
    }
    writer.end(&mut last);
    Ok((out.freeze(), last.freeze()))
}
