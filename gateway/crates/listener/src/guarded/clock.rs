//! How long a connection has waited for its client.
//!
//! There is one timer for a connection's life, made when something is waited for the first time.
//! It is set anew only if it would ring too late, or has rung: a request that comes at once costs
//! no timer, and one that is waited for costs a comparison.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::guard::Waiting;
use crate::settings::Deadlines;

/// How long what a refused client still sends is taken.
const LINGER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Clock {
    deadlines: Deadlines,
    alarm: Option<Pin<Box<Sleep>>>,
    /// What is waited for, and until when.
    until: Option<(Waiting, Instant)>,
    /// Since when the next bytes of a body are waited for.
    since: Option<Instant>,
    /// How long this body was waited for before, and how much of it came.
    waited: Duration,
    bytes: u64,
    lingers_until: Option<Instant>,
}

// === impl Clock ===

impl Clock {
    pub(super) fn new(deadlines: Deadlines) -> Self {
        Self {
            deadlines,
            alarm: None,
            until: None,
            since: None,
            waited: Duration::ZERO,
            bytes: 0,
            lingers_until: None,
        }
    }

    /// A next request may come.
    pub(super) fn restart(&mut self) {
        self.until = None;
        self.since = None;
        self.waited = Duration::ZERO;
        self.bytes = 0;
    }

    /// A whole head or a part of a body has come.
    pub(super) fn progressed(&mut self, count: usize) {
        self.until = None;
        self.bytes = self.bytes.saturating_add(count as u64);
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
    }

    /// Ready once this was waited for too long.
    pub(super) fn poll(&mut self, waiting: Waiting, cx: &mut Context<'_>) -> Poll<()> {
        let until = match self.until {
            Some((what, until)) if what == waiting => until,
            _ => {
                let patience = match waiting {
                    Waiting::Request => self.deadlines.idle,
                    Waiting::Head => self.deadlines.head,
                    Waiting::Body => self.deadlines.body,
                    Waiting::Other => return Poll::Pending,
                };
                let now = Instant::now();
                if waiting == Waiting::Body {
                    self.since = Some(now);
                    if self.is_too_slow() {
                        return Poll::Ready(());
                    }
                }
                let until = now + patience;
                self.until = Some((waiting, until));
                until
            }
        };
        self.poll_until(until, cx)
    }

    /// Ready once a refused client has had its time.
    pub(super) fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = *self.lingers_until.get_or_insert_with(|| Instant::now() + LINGER);
        self.poll_until(until, cx)
    }

    fn poll_until(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.deadline() > until {
            alarm.as_mut().reset(until);
        }
        loop {
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= until {
                return Poll::Ready(());
            }
            // It rang for something that has come since.
            alarm.as_mut().reset(until);
        }
    }

    fn is_too_slow(&self) -> bool {
        let due = self.waited.as_secs().saturating_mul(u64::from(self.deadlines.body_rate));
        self.waited > self.deadlines.body && self.bytes < due
    }
}
