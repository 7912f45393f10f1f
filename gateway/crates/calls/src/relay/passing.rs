//! A stream in the provider's own dialect, which is the client's: events pass as they are, but for
//! the model's name and usage that the client did not ask for. No instance is held: only events
//! with usage are shown to one.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use tollgate_dialects::{Observer, Seen, SseEvent, SseEvents, closing_words, error_event, renamed};
use tollgate_domain::{Dialect, Document, Observed};
use tollgate_host::Answer;

use crate::deployment::Deployment;
use crate::refusal::Refusal;
use crate::relay::stream::Step;
use crate::relay::whole::{cut, explain_answer, malformed, observe};

/// A stream under way.
pub(crate) struct Passing {
    pub(crate) observer: Observer,
    dialect: Dialect,
    deployment: Arc<Deployment>,
    /// The client's name for the model.
    model: String,
    usage_asked: bool,
    events: SseEvents,
    /// What arrived before the client was answered.
    first: Bytes,
    /// Whether the dialect's own last words have come: they wait until the call is settled.
    last: Option<Bytes>,
}

/// What a client wants of a stream in its own dialect.
pub(crate) struct Wanted {
    pub(crate) dialect: Dialect,
    pub(crate) model: String,
    pub(crate) usage_asked: bool,
    pub(crate) event_bytes_max: usize,
}

// === impl Passing ===

impl Passing {
    /// Begins a stream with the bytes that have arrived. An error with which it begins is given
    /// back: nothing has reached the client yet.
    pub(crate) async fn begin(
        deployment: Arc<Deployment>,
        wanted: Wanted,
        first: Bytes,
    ) -> Result<Self, Refusal> {
        let Wanted { dialect, model, usage_asked, event_bytes_max } = wanted;
        if let Some(error) = first_error(dialect, &first) {
            return Err(explain_answer(&deployment, answer(error)).await);
        }
        let (observer, events) = (Observer::new(dialect), SseEvents::new(event_bytes_max));
        let last = None;
        Ok(Self { observer, dialect, deployment, model, usage_asked, events, first, last })
    }

    pub(crate) async fn begun(&mut self, out: &mut BytesMut) -> Step {
        let first = std::mem::take(&mut self.first);
        self.push(&first, out).await
    }

    pub(crate) async fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Step {
        self.events.push(bytes);
        loop {
            match self.events.next_event() {
                Ok(None) => return Step::Going,
                Ok(Some(event)) => match self.event(&event, out).await {
                    Step::Going => {}
                    step => return step,
                },
                Err(error) => {
                    log::warn!(target: "upstream", "{}: {error}", self.deployment.id);
                    return Step::Failed(malformed(&self.deployment));
                }
            }
        }
    }

    /// A stream without its last words is whole only if its choices have finished.
    pub(crate) async fn upstream_ended(&mut self, out: &mut BytesMut) -> Step {
        if let Some(event) = self.events.rest() {
            match self.event(&event, out).await {
                Step::Going => {}
                step => return step,
            }
        }
        if self.observer.is_finished() {
            return Step::Done;
        }
        log::warn!(target: "upstream", "{}: the stream was cut before its end", self.deployment.id);
        Step::Failed(cut(&self.deployment))
    }

    pub(crate) fn last(self, failed: Option<&Refusal>) -> Bytes {
        match (failed, self.last) {
            (Some(refusal), _) => error_event(self.dialect, &refusal.fault()),
            (None, Some(last)) => last,
            (None, None) => Bytes::from_static(closing_words(self.dialect)),
        }
    }

    async fn event(&mut self, event: &SseEvent, out: &mut BytesMut) -> Step {
        let Ok(seen) = self.observer.event(&event.data) else {
            log::warn!(
                target: "upstream",
                "{}: a stream event is not a JSON object", self.deployment.id
            );
            return Step::Failed(malformed(&self.deployment));
        };
        match seen {
            Seen::Blank => {
                out.put_slice(&event.raw);
                Step::Going
            }
            Seen::Done => Step::Done,
            Seen::Error(document) => {
                Step::Failed(explain_answer(&self.deployment, answer(document)).await)
            }
            Seen::Part(document) => {
                let document = Arc::new(document);
                self.observe(&document).await;
                self.pass(event, &document, out);
                Step::Going
            }
            Seen::UsageOnly(document) => {
                let document = Arc::new(document);
                let is_reported = self.observe(&document).await;
                if self.usage_asked || !is_reported {
                    self.pass(event, &document, out);
                }
                Step::Going
            }
            Seen::Last(document) => {
                let document = Arc::new(document);
                self.observe(&document).await;
                let mut last = BytesMut::new();
                self.pass(event, &document, &mut last);
                self.last = Some(last.freeze());
                Step::Done
            }
        }
    }

    /// Takes what an event reports; gives whether it reports anything.
    async fn observe(&mut self, document: &Arc<Document>) -> bool {
        let deployment = &self.deployment;
        let seen = Answer { document: Some(Arc::clone(document)), ..answer_of(document) };
        match observe(deployment, self.dialect, &mut deployment.provider.attempt(), seen).await {
            Observed::Reported(usage) => {
                self.observer.report(usage);
                true
            }
            Observed::Estimated(_) | Observed::Nothing => false,
        }
    }

    fn pass(&self, event: &SseEvent, document: &Document, out: &mut BytesMut) {
        match renamed(self.dialect, document, &self.model) {
            Some(data) => out.put_slice(&event.with_data(&data)),
            None => out.put_slice(&event.raw),
        }
    }
}

/// The error that a stream begins with, if it does.
fn first_error(dialect: Dialect, first: &Bytes) -> Option<Document> {
    let mut events = SseEvents::new(first.len());
    events.push(first);
    let event = loop {
        let event = events.next_event().ok()??;
        if !event.data.is_empty() {
            break event;
        }
    };
    match Observer::new(dialect).event(&event.data).ok()? {
        Seen::Error(document) => Some(document),
        _ => None,
    }
}

fn answer(document: Document) -> Answer {
    let document = Arc::new(document);
    Answer { document: Some(Arc::clone(&document)), ..answer_of(&document) }
}

fn answer_of(document: &Document) -> Answer {
    Answer { status: 200, headers: Arc::default(), bytes: document.bytes().clone(), document: None }
}
