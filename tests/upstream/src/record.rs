//! What the upstream saw.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::voice::Voice;

/// How a call ended, seen from the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is being answered, or held.
    Open,
    /// The whole script was played.
    Played,
    /// The gateway closed the connection before the script ended.
    Cancelled,
}

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The number of the connection it came over, from 0.
    pub connection: usize,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The head as it was on the wire.
    pub head: String,
    /// The body's bytes, without chunk framing.
    pub body: Vec<u8>,
    /// The `model` of the body; empty if there was none.
    pub model: String,
    /// Whether the body asked for a stream.
    pub stream: bool,
    /// How it ended.
    pub ending: Ending,
    /// Content deltas that were written.
    pub deltas_sent: u64,
    /// The usage in the answer: input and output tokens, once it was written.
    pub usage_sent: Option<(u64, u64)>,
}

impl Call {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The text of the last message.
    pub fn prompt(&self) -> String {
        Voice::of(&self.target).prompt(&self.json())
    }
}

/// Everything the connections of one upstream share.
#[derive(Debug)]
pub(crate) struct Record {
    calls: Mutex<Vec<Call>>,
    connections: Mutex<usize>,
    changes: watch::Sender<u64>,
    /// Permits to go on with a held answer.
    pub(crate) gate: Semaphore,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            calls: Mutex::default(),
            connections: Mutex::default(),
            changes: watch::Sender::new(0),
            gate: Semaphore::new(0),
        }
    }

    pub(crate) fn connect(&self) -> usize {
        let mut count = self.connections.lock().expect("no panic holds it");
        *count += 1;
        *count - 1
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("no panic holds it")
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().expect("no panic holds it")
    }

    pub(crate) fn begin(&self, call: Call) -> usize {
        let mut calls = self.calls();
        calls.push(call);
        let index = calls.len() - 1;
        drop(calls);
        self.changed();
        index
    }

    pub(crate) fn update(&self, index: usize, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls().get_mut(index) {
            change(call);
        }
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    /// Waits for a state of the record, at most `limit`.
    pub(crate) async fn wait(
        &self,
        what: &str,
        limit: Duration,
        reached: impl Fn(&[Call]) -> bool,
    ) -> Vec<Call> {
        let mut changes = self.changes.subscribe();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                let calls = self.calls().clone();
                if reached(&calls) {
                    return calls;
                }
                changes.changed().await.expect("the sender lives as long as the record");
            }
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(calls) => calls,
            Err(_) => panic!("upstream: {what} did not happen within {limit:?}"),
        }
    }
}
