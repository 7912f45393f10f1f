//! A stream in another dialect than the client's: its frames go through the provider's decoder, in
//! one instance from the first frame to the last, and the events that come out are written in the
//! client's dialect.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tollgate_dialects::{Frames, FramingError, Subject, Writer};
use tollgate_domain::{Dialect, Event, Failure, Frame};
use tollgate_host::{Decoder, Framing, Ran};
use tollgate_upstream::{Answering, SendError};

use crate::deployment::Deployment;
use crate::refusal::Refusal;
use crate::relay::stream::Step;
use crate::relay::tally::Tally;
use crate::relay::whole::{cut, failed, malformed};

/// A stream under way.
pub(crate) struct Translating {
    pub(crate) tally: Tally,
    decoding: Decoding,
    writer: Writer,
    /// Events that came before the client was answered.
    first: Vec<Event>,
    /// Whether the upstream's answer is at its end.
    ended: bool,
}

/// An answer that is decoded.
pub(crate) struct Decoding {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) decoder: Decoder,
    pub(crate) frames: Frames,
}

/// Why an answer has no events.
pub(crate) enum NoEvents {
    /// The connection failed.
    Send(SendError),
    /// The provider or its component did.
    Refused(Refusal),
}

/// How the framing crate calls a framing.
pub(crate) fn framing(framing: Framing) -> tollgate_dialects::Framing {
    match framing {
        Framing::Whole => tollgate_dialects::Framing::Whole,
        Framing::ServerSentEvents => tollgate_dialects::Framing::ServerSentEvents,
        Framing::AwsEventStream => tollgate_dialects::Framing::AwsEventStream,
        Framing::Lines => tollgate_dialects::Framing::Lines,
    }
}

// === impl Translating ===

impl Translating {
    /// Reads until there is an event. Nothing has reached the client yet, so that what fails here
    /// can be tried elsewhere.
    pub(crate) async fn begin(
        mut decoding: Decoding,
        (dialect, subject): (Dialect, Subject),
        answering: &mut Answering,
    ) -> Result<Self, NoEvents> {
        let (mut first, mut ended) = (Vec::new(), false);
        while first.is_empty() && !ended {
            match answering.next().await.map_err(NoEvents::Send)? {
                Some(bytes) => {
                    first = decoding.push(&bytes).await.map_err(NoEvents::Refused)?;
                }
                None => {
                    first = decoding.finish().await.map_err(NoEvents::Refused)?;
                    ended = true;
                }
            }
        }
        let (tally, writer) = (Tally::default(), Writer::new(dialect, subject));
        Ok(Self { tally, decoding, writer, first, ended })
    }

    pub(crate) fn begun(&mut self, out: &mut BytesMut) -> Step {
        let first = std::mem::take(&mut self.first);
        match self.write(first, out) {
            Step::Going if self.ended => Step::Done,
            step => step,
        }
    }

    pub(crate) async fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Step {
        match self.decoding.push(bytes).await {
            Ok(events) => self.write(events, out),
            Err(refusal) => Step::Failed(refusal),
        }
    }

    pub(crate) async fn upstream_ended(&mut self, out: &mut BytesMut) -> Step {
        match self.decoding.finish().await {
            Ok(events) => match self.write(events, out) {
                Step::Going => Step::Done,
                step => step,
            },
            Err(refusal) => Step::Failed(refusal),
        }
    }

    pub(crate) fn last(mut self, failed: Option<&Refusal>) -> Bytes {
        let mut last = BytesMut::new();
        match failed {
            Some(refusal) => self.writer.fail(&refusal.fault(), &mut last),
            None => self.writer.end(&mut last),
        }
        last.freeze()
    }

    fn write(&mut self, events: Vec<Event>, out: &mut BytesMut) -> Step {
        for event in events {
            self.tally.count(&event);
            if let Err(error) = self.writer.event(&event, out) {
                let deployment = &self.decoding.deployment;
                log::warn!(target: "upstream", "{}: {error}", deployment.id);
                return Step::Failed(malformed(deployment));
            }
        }
        Step::Going
    }
}

// === impl Decoding ===

impl Decoding {
    /// The events of bytes that arrived.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Refusal> {
        self.frames.push(bytes);
        let mut frames = Vec::new();
        while let Some(frame) = self.frames.next_frame().map_err(|why| self.unframed(why))? {
            frames.push(frame);
        }
        self.decode(frames).await
    }

    /// The last events.
    pub(crate) async fn finish(&mut self) -> Result<Vec<Event>, Refusal> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frames.finish().map_err(|why| self.unframed(why))? {
            frames.push(frame);
        }
        let mut events = self.decode(frames).await?;
        let finished = self.decoder.finish().await;
        events.extend(self.decoded(finished)?);
        Ok(events)
    }

    async fn decode(&mut self, frames: Vec<Frame>) -> Result<Vec<Event>, Refusal> {
        if frames.is_empty() {
            return Ok(Vec::new());
        }
        let pushed = self.decoder.push(frames).await;
        self.decoded(pushed)
    }

    fn decoded(&self, ran: Ran<Vec<Event>, Failure>) -> Result<Vec<Event>, Refusal> {
        let deployment = &self.deployment;
        Refusal::of_ran("provider", ran)?.map_err(|failure| failed(deployment, failure, 200))
    }

    fn unframed(&self, why: FramingError) -> Refusal {
        log::warn!(target: "upstream", "{}: {why}", self.deployment.id);
        match why {
            FramingError::Cut => cut(&self.deployment),
            FramingError::TooLarge(_) | FramingError::Broken => malformed(&self.deployment),
        }
    }
}
