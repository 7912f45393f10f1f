//! Clients that call without a pause, and streams that stay open, for what must not be noticed by
//! either.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::answer::Chunks;
use crate::client::Client;
use crate::raw::{Raw, RawAnswer, post};
use crate::{Call, Gateway, Key, Upstream, streamed, until};

/// Between a client's answer and its next request: connections are idle in between.
const PACE: Duration = Duration::from_millis(4);

/// A stream's first event comes within this time of its turn.
const TURN: Duration = Duration::from_millis(500);

/// What became of a load's calls.
#[derive(Debug, Default)]
pub struct Tally {
    /// The ids of the calls that were answered.
    pub ids: Vec<String>,
    /// What went wrong with others.
    pub failed: Vec<String>,
    /// Answers that said that the connection ends.
    pub closes: usize,
    /// The longest that a call took, its connection included.
    pub slowest: Duration,
}

/// What is to be true of an answer.
type Check = fn(&RawAnswer) -> Result<(), String>;

/// Clients under way.
pub struct Load {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<Tally>>,
}

struct Shared {
    stopped: AtomicBool,
    answered: AtomicUsize,
}

impl Load {
    /// Nobody calls yet.
    pub fn new() -> Self {
        let shared = Shared { stopped: AtomicBool::new(false), answered: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared), tasks: Vec::new() }
    }

    /// Adds clients that keep their plain connections until an answer says that it ends. They
    /// repeat nothing: a connection that ends without a word is a failed call.
    pub fn strict(
        self,
        (port, key, body): (u16, &Key, &Value),
        count: usize,
        check: Check,
    ) -> Self {
        self.asking((port, post(&key.key, &body.to_string())), count, check)
    }

    /// The same with a request of any kind.
    pub fn asking(mut self, (port, request): (u16, Vec<u8>), count: usize, check: Check) -> Self {
        for _ in 0..count {
            let shared = Arc::clone(&self.shared);
            self.tasks.push(tokio::spawn(strict(shared, port, request.clone(), check)));
        }
        self
    }

    /// Adds callers that share a library's client.
    pub fn library(mut self, client: &Client, key: &Key, body: &Value, count: usize) -> Self {
        for _ in 0..count {
            let shared = Arc::clone(&self.shared);
            let (client, key, body) = (client.clone(), key.key.clone(), body.clone());
            self.tasks.push(tokio::spawn(async move {
                let mut tally = Tally::default();
                while !shared.stopped.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    match client.try_chat(&key, &body).await {
                        Ok(answer) if answer.status == 200 => tally.ids.push(answer.call_id()),
                        other => tally.failed.push(format!("{other:?}")),
                    }
                    tally.slowest = tally.slowest.max(begun.elapsed());
                    shared.answered.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PACE).await;
                }
                tally
            }));
        }
        self
    }

    /// Waits until so many more calls were answered.
    pub async fn more(&self, count: usize) {
        let goal = self.shared.answered.load(Ordering::Relaxed) + count;
        until("more answers", async || {
            (self.shared.answered.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
    }

    /// Lets every client finish, and adds up.
    pub async fn stop(self) -> Tally {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for task in self.tasks {
            let one = task.await.expect("a client does not panic");
            all.ids.extend(one.ids);
            all.failed.extend(one.failed);
            all.closes += one.closes;
            all.slowest = all.slowest.max(one.slowest);
        }
        all
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::new()
    }
}

async fn strict(shared: Arc<Shared>, port: u16, request: Vec<u8>, check: Check) -> Tally {
    let mut tally = Tally::default();
    let mut kept = None;
    while !shared.stopped.load(Ordering::Relaxed) {
        let (reused, begun) = (kept.is_some(), Instant::now());
        let answered = async {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => Raw::try_connect(port).await?,
            };
            let answer = connection.ask(&request).await?;
            if answer.status != 200 {
                return Err(format!("{answer:?}"));
            }
            check(&answer)?;
            Ok((connection, answer))
        };
        match answered.await {
            Ok((connection, answer)) => {
                let ends = answer.header("connection");
                let ends = ends.is_some_and(|value| value.eq_ignore_ascii_case("close"));
                tally.closes += usize::from(ends);
                kept = (!ends).then_some(connection);
                tally.ids.extend(answer.header("x-tollgate-call-id"));
            }
            Err(why) => tally.failed.push(format!("reused {reused}: {why}")),
        }
        tally.slowest = tally.slowest.max(begun.elapsed());
        shared.answered.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PACE).await;
    }
    tally
}

/// Streams that are open until the upstream is released.
pub struct Streams(Vec<Chunks>);

impl Streams {
    /// Opens them, by these clients in turn; the first event of each has arrived. No others may
    /// wait for the upstream.
    pub async fn open(clients: &[&Client], upstream: &Upstream, key: &Key, count: usize) -> Self {
        let before = upstream.calls().len();
        let open = |calls: &[Call]| {
            calls.iter().skip(before).filter(|call| call.model == "up-gated").count()
        };
        let opening = clients.iter().cycle().take(count).enumerate().map(|(number, client)| {
            let (client, key) = (Client::clone(client), key.key.clone());
            tokio::spawn(async move {
                let body = streamed("gated", &format!("stream {number}"));
                let mut stream = client.stream(&key, &body).await;
                stream.event().await;
                stream
            })
        });
        let opening: Vec<_> = opening.collect();
        upstream.wait("every stream's call", |calls| open(calls) >= count).await;
        upstream.release(count);
        let mut streams = Vec::new();
        for mut one in opening {
            // One that was not waiting yet may have lost its turn to another.
            let stream = loop {
                match tokio::time::timeout(TURN, &mut one).await {
                    Ok(stream) => break stream,
                    Err(_) => upstream.release(count),
                }
            };
            streams.push(stream.expect("a stream"));
        }
        Self(streams)
    }

    /// The calls' ids.
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(Chunks::call_id).collect()
    }

    /// Lets them go on to their ends: how many were whole, and what was wrong with others.
    pub async fn finish(self, upstream: &Upstream) -> (usize, Vec<String>) {
        let (mut whole, mut cut) = (0, Vec::new());
        let reading: Vec<_> = self.0.into_iter().map(|s| tokio::spawn(s.rest())).collect();
        // Step by step: what is left over would let the next streams run to their end.
        until("the streams' ends", async || {
            let open = reading.iter().filter(|one| !one.is_finished()).count();
            upstream.release(open);
            (open == 0).then_some(())
        })
        .await;
        for one in reading {
            match one.await.expect("a reader does not panic") {
                Ok(events) if events.last().is_some_and(|event| event == "[DONE]") => whole += 1,
                other => cut.push(format!("{other:?}")),
            }
        }
        (whole, cut)
    }
}

impl Gateway {
    /// Checks that every one of these calls has one row of a success, and that none has two.
    pub async fn has_one_row_each(&self, ids: &[String]) {
        let rows = until("a row for every call", async || {
            let rows = crate::rows(&self.data()).await;
            let found: std::collections::HashSet<_> = rows
                .iter()
                .filter(|row| row.ending == "success")
                .map(|row| row.call_id.clone())
                .collect();
            ids.iter().all(|id| found.contains(id)).then_some(rows)
        })
        .await;
        let mut seen = std::collections::HashSet::new();
        for row in rows {
            assert!(seen.insert(row.call_id.clone()), "two rows: {row:?}");
        }
    }
}
