//! Streams that pass through: events go to the client as they arrive, under the name that it
//! asked for; the usage is observed on the way. No component's instance lives between events.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tollgate_domain::{CallId, Document, Ending, Observed, Usage};
use tollgate_host::Answer;
use tollgate_ledger::Journal;
use tollgate_upstream::Answering;

use crate::deployment::Deployment;
use crate::dialect::openai_chat;
use crate::exchange::Exchange;
use crate::refusal::Refusal;
use crate::relay::observed::Seen;
use crate::relay::whole::{explain_answer, malformed, observe, renamed};
use crate::sse::{Event, Events};

/// Progress is journalled after so many bytes, so that a killed gateway bills what it passed on
/// up to a few hundred tokens.
const PROGRESS_BYTES: usize = 16 << 10;

/// What a stream is relayed with.
pub(crate) struct Relay<'a> {
    pub(crate) call: CallId,
    pub(crate) deployment: &'a Deployment,
    pub(crate) journal: &'a Journal,
    pub(crate) model: &'a str,
    pub(crate) usage_asked: bool,
    pub(crate) prompt_bytes: u64,
    pub(crate) event_bytes_max: usize,
}

/// How a stream ended. `last` is to be sent after the call is settled.
pub(crate) struct Relayed {
    pub(crate) ending: Ending,
    pub(crate) usage: Observed,
    pub(crate) error: Option<Refusal>,
    pub(crate) last: Bytes,
    pub(crate) bytes_out: u64,
}

/// Where a stream stands after an event.
enum Step {
    Going,
    Done,
    Failed(Refusal),
}

/// A relay under way.
struct Passing<'a> {
    relay: &'a Relay<'a>,
    seen: Seen,
    /// Bytes that may go out now.
    ready: BytesMut,
    since_progress: usize,
    bytes_out: u64,
}

impl Relay<'_> {
    /// Relays until the stream ends, breaks, or the client goes away. `first` is what has arrived
    /// already.
    pub(crate) async fn run(
        &self,
        exchange: &mut dyn Exchange,
        first: Bytes,
        answering: &mut Answering,
    ) -> Relayed {
        let mut events = Events::new(self.event_bytes_max);
        let mut passing = Passing {
            relay: self,
            seen: Seen::default(),
            ready: BytesMut::new(),
            since_progress: 0,
            bytes_out: 0,
        };
        let mut first = Some(first);
        loop {
            let arrived = match first.take() {
                Some(first) => Ok(Some(first)),
                None => tokio::select! {
                    biased;
                    arrived = answering.next() => arrived,
                    () = exchange.closed() => return passing.ended(Ending::Interrupted, None),
                },
            };
            let step = match arrived {
                Ok(Some(bytes)) => {
                    events.push(&bytes);
                    passing.events(&mut events).await
                }
                Ok(None) => passing.upstream_ended(events.rest()).await,
                Err(error) => {
                    log::warn!(target: "upstream", "{}: {error}", self.deployment.id);
                    Step::Failed(Refusal::of_send(&error, &self.deployment.provider_name))
                }
            };
            if passing.flush(exchange).await.is_err() {
                return passing.ended(Ending::Interrupted, None);
            }
            match step {
                Step::Going => {}
                Step::Done => return passing.ended(Ending::Success, None),
                Step::Failed(refusal) => return passing.ended(Ending::Failure, Some(refusal)),
            }
        }
    }
}

impl Passing<'_> {
    async fn events(&mut self, events: &mut Events) -> Step {
        loop {
            match events.next() {
                Ok(None) => return Step::Going,
                Ok(Some(event)) => match self.event(event).await {
                    Step::Going => {}
                    step => return step,
                },
                Err(error) => {
                    log::warn!(target: "upstream", "{}: {error}", self.relay.deployment.id);
                    return Step::Failed(malformed(self.relay.deployment));
                }
            }
        }
    }

    async fn event(&mut self, event: Event) -> Step {
        if event.data.is_empty() {
            self.ready.extend_from_slice(&event.raw);
            return Step::Going;
        }
        if event.data.trim_ascii() == b"[DONE]" {
            return Step::Done;
        }
        let Ok(document) = Document::parse(event.data.clone()) else {
            log::warn!(
                target: "upstream",
                "{}: a stream event is not a JSON object", self.relay.deployment.id
            );
            return Step::Failed(malformed(self.relay.deployment));
        };
        let document = Arc::new(document);
        let has_choices = self.seen.chunk(&document);
        if !has_choices && document.member("error").is_some_and(|error| error != "null") {
            let refusal = explain_answer(self.relay.deployment, answer(event.data, document)).await;
            return Step::Failed(refusal);
        }
        let deployment = self.relay.deployment;
        let answer = answer(event.data.clone(), Arc::clone(&document));
        let reported = match observe(deployment, &mut deployment.provider.attempt(), answer).await {
            Observed::Reported(usage) => {
                self.seen.report(usage);
                true
            }
            Observed::Estimated(_) | Observed::Nothing => false,
        };
        if has_choices || !reported || self.relay.usage_asked {
            self.pass(&event, &document);
        }
        Step::Going
    }

    fn pass(&mut self, event: &Event, document: &Document) {
        let before = self.ready.len();
        match renamed(document, self.relay.model) {
            Some(data) => {
                self.ready.extend_from_slice(b"data: ");
                self.ready.extend_from_slice(&data);
                self.ready.extend_from_slice(b"\n\n");
            }
            None => self.ready.extend_from_slice(&event.raw),
        }
        self.since_progress += self.ready.len() - before;
        if self.since_progress > PROGRESS_BYTES {
            self.since_progress = 0;
            let estimate: Usage = self.seen.estimate(self.relay.prompt_bytes);
            if let Err(error) = self.relay.journal.progress(self.relay.call, &estimate) {
                log::error!(target: "ledger", "call {}: {error}", self.relay.call);
            }
        }
    }

    /// A stream without `[DONE]` is whole only if its choices have finished.
    async fn upstream_ended(&mut self, rest: Option<Event>) -> Step {
        if let Some(event) = rest {
            match self.event(event).await {
                Step::Going => {}
                step => return step,
            }
        }
        if self.seen.finished {
            return Step::Done;
        }
        log::warn!(
            target: "upstream",
            "{}: the stream was cut before its end", self.relay.deployment.id
        );
        let mut refusal = malformed(self.relay.deployment);
        refusal.message = "litellm.APIConnectionError: APIConnectionError: the provider's stream \
                           was cut before its end"
            .to_owned();
        Step::Failed(refusal)
    }

    async fn flush(&mut self, exchange: &mut dyn Exchange) -> Result<(), crate::ClientGone> {
        if self.ready.is_empty() {
            return Ok(());
        }
        self.bytes_out += self.ready.len() as u64;
        exchange.write(self.ready.split().freeze()).await
    }

    fn ended(self, ending: Ending, error: Option<Refusal>) -> Relayed {
        let last = match (&ending, &error) {
            (_, Some(refusal)) => openai_chat::error_event(refusal),
            (Ending::Success, None) => Bytes::from_static(openai_chat::DONE),
            _ => Bytes::new(),
        };
        let usage = self.seen.observed(self.relay.prompt_bytes);
        Relayed { ending, usage, error, last, bytes_out: self.bytes_out }
    }
}

fn answer(bytes: Bytes, document: Arc<Document>) -> Answer {
    Answer { status: 200, headers: Arc::default(), bytes, document: Some(document) }
}

/// The error that a stream begins with, if it does: nothing has reached the client yet, so that
/// another deployment can be asked.
pub(crate) async fn first_error(deployment: &Deployment, first: &Bytes) -> Option<Refusal> {
    let mut events = Events::new(first.len());
    events.push(first);
    let event = loop {
        let event = events.next().ok()??;
        if !event.data.is_empty() {
            break event;
        }
    };
    let document = Document::parse(event.data.clone()).ok()?;
    let has = |name: &str| document.member(name).is_some_and(|value| value != "null");
    if has("choices") || !has("error") {
        return None;
    }
    Some(explain_answer(deployment, answer(event.data, Arc::new(document))).await)
}

/// Whether an answer is a stream of events.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}
