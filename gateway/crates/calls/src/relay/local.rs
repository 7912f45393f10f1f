//! Answers that a component gave without asking anybody, in the client's dialect.

use bytes::{Bytes, BytesMut};
use tollgate_domain::{CallId, Event, Observed};

use crate::dialect::openai_chat::{self, Writer};

/// What the events say was used.
pub(crate) fn usage(events: &[Event]) -> Observed {
    let reported = events.iter().find_map(|event| match event {
        Event::Usage(usage) => Some(*usage),
        _ => None,
    });
    reported.map_or(Observed::Nothing, Observed::Reported)
}

/// The whole answer.
pub(crate) fn whole(call: CallId, model: &str, events: &[Event]) -> Bytes {
    Writer::new(call, model).whole(events)
}

/// The stream, but for what ends it.
pub(crate) fn stream(call: CallId, model: &str, events: &[Event], usage_asked: bool) -> Bytes {
    let writer = Writer::new(call, model);
    let mut out = BytesMut::from(writer.opening().as_ref());
    for chunk in events.iter().filter_map(|event| writer.event(event, usage_asked)) {
        out.extend_from_slice(&chunk);
    }
    out.freeze()
}

/// What ends the stream.
pub(crate) fn stream_end() -> Bytes {
    Bytes::from_static(openai_chat::DONE)
}
