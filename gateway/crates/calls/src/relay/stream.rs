//! A streamed answer on its way: bytes of the upstream come in, those for the client go out.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tollgate_domain::{CallId, Ending, Observed, Usage};
use tollgate_ledger::Journal;
use tollgate_upstream::Answering;

use crate::deployment::Deployment;
use crate::exchange::{ClientGone, Exchange};
use crate::refusal::Refusal;
use crate::relay::passing::Passing;
use crate::relay::translating::Translating;

/// Progress is journalled after so many bytes, so that a killed gateway bills what it passed on
/// up to a few hundred tokens.
const PROGRESS_BYTES: usize = 16 << 10;

/// What a stream is relayed with.
pub(crate) struct Relay<'a> {
    pub(crate) call: CallId,
    pub(crate) deployment: &'a Deployment,
    pub(crate) journal: &'a Journal,
    pub(crate) prompt_bytes: u64,
}

/// How a stream ended. `last` is to be sent after the call is settled.
pub(crate) struct Relayed {
    pub(crate) ending: Ending,
    pub(crate) usage: Observed,
    pub(crate) error: Option<Refusal>,
    pub(crate) last: Bytes,
    pub(crate) bytes_out: u64,
}

/// What becomes of the upstream's bytes.
pub(crate) enum Course {
    /// They go to the client, but for what is not its business.
    Passing(Box<Passing>),
    /// They are decoded, and written in the client's dialect.
    Translating(Box<Translating>),
}

/// Where a stream stands.
pub(crate) enum Step {
    Going,
    /// The answer is whole.
    Done,
    Failed(Refusal),
}

/// What has gone out, and what may go now.
#[derive(Default)]
struct Outlet {
    ready: BytesMut,
    since_progress: usize,
    bytes_out: u64,
}

// === impl Relay ===

impl Relay<'_> {
    /// Relays until the stream ends, breaks, or the client goes away.
    pub(crate) async fn run(
        &self,
        exchange: &mut dyn Exchange,
        mut course: Course,
        answering: &mut Answering,
    ) -> Relayed {
        let mut outlet = Outlet::default();
        let mut step = course.begun(&mut outlet.ready).await;
        loop {
            self.note_progress(&course, &mut outlet);
            if outlet.flush(exchange).await.is_err() {
                return outlet.ended(course, self.prompt_bytes, Err(None));
            }
            match step {
                Step::Going => {}
                Step::Done => return outlet.ended(course, self.prompt_bytes, Ok(())),
                Step::Failed(refusal) => {
                    return outlet.ended(course, self.prompt_bytes, Err(Some(refusal)));
                }
            }
            let arrived = tokio::select! {
                biased;
                arrived = answering.next() => arrived,
                () = exchange.closed() => {
                    return outlet.ended(course, self.prompt_bytes, Err(None));
                }
            };
            step = match arrived {
                Ok(Some(bytes)) => course.push(&bytes, &mut outlet.ready).await,
                Ok(None) => course.upstream_ended(&mut outlet.ready).await,
                Err(error) => {
                    log::warn!(target: "upstream", "{}: {error}", self.deployment.id);
                    Step::Failed(Refusal::of_send(&error, &self.deployment.provider_name))
                }
            };
        }
    }

    fn note_progress(&self, course: &Course, outlet: &mut Outlet) {
        outlet.since_progress += outlet.ready.len();
        if outlet.since_progress > PROGRESS_BYTES {
            outlet.since_progress = 0;
            let estimate = course.estimate(self.prompt_bytes);
            if let Err(error) = self.journal.progress(self.call, &estimate) {
                log::error!(target: "ledger", "call {}: {error}", self.call);
            }
        }
    }
}

// === impl Course ===

impl Course {
    /// What came before the client was answered.
    async fn begun(&mut self, out: &mut BytesMut) -> Step {
        match self {
            Self::Passing(passing) => passing.begun(out).await,
            Self::Translating(translating) => translating.begun(out),
        }
    }

    async fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Step {
        match self {
            Self::Passing(passing) => passing.push(bytes, out).await,
            Self::Translating(translating) => translating.push(bytes, out).await,
        }
    }

    async fn upstream_ended(&mut self, out: &mut BytesMut) -> Step {
        match self {
            Self::Passing(passing) => passing.upstream_ended(out).await,
            Self::Translating(translating) => translating.upstream_ended(out).await,
        }
    }

    fn estimate(&self, prompt_bytes: u64) -> Usage {
        match self {
            Self::Passing(passing) => passing.observer.estimate(prompt_bytes),
            Self::Translating(translating) => translating.tally.estimate(prompt_bytes),
        }
    }

    fn observed(&self, prompt_bytes: u64) -> Observed {
        match self {
            Self::Passing(passing) => passing.observer.observed(prompt_bytes),
            Self::Translating(translating) => translating.tally.observed(prompt_bytes),
        }
    }

    /// The last bytes of a stream that is whole, or that has failed.
    fn last(self, failed: Option<&Refusal>) -> Bytes {
        match self {
            Self::Passing(passing) => passing.last(failed),
            Self::Translating(translating) => translating.last(failed),
        }
    }
}

// === impl Outlet ===

impl Outlet {
    async fn flush(&mut self, exchange: &mut dyn Exchange) -> Result<(), ClientGone> {
        if self.ready.is_empty() {
            return Ok(());
        }
        self.bytes_out += self.ready.len() as u64;
        exchange.write(self.ready.split().freeze()).await
    }

    /// An error without a refusal is that the client has gone.
    fn ended(self, course: Course, prompt_bytes: u64, how: Result<(), Option<Refusal>>) -> Relayed {
        let usage = course.observed(prompt_bytes);
        let (ending, error, last) = match how {
            Ok(()) => (Ending::Success, None, course.last(None)),
            Err(None) => (Ending::Interrupted, None, Bytes::new()),
            Err(Some(refusal)) => {
                let last = course.last(Some(&refusal));
                (Ending::Failure, Some(refusal), last)
            }
        };
        Relayed { ending, usage, error, last, bytes_out: self.bytes_out }
    }
}

/// Whether an answer is a stream of events.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}
