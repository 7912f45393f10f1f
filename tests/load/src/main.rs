//! Keeps a number of streams open for a number of seconds, each on its own connection that one
//! stream after the other uses, and prints as JSON what [`figures::Figures`] counts.
//!
//! `tollgate-test-load STREAMS SECONDS URL BODY-FILE`; the first streams' starts are spread evenly over
//! `LOAD_SPREAD_MS` (none), as those of people are. A `https` URL is trusted by the certificate
//! in `LOAD_CA`, and `LOAD_KEY` is the bearer token. The upstream must be
//! `tollgate-test-upstream paced`, whose events carry the times at which it had the request and
//! sent the event.

mod connection;
mod figures;
mod stamps;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::connection::{Connection, Target};
use crate::figures::Figures;

const USAGE: &str = "usage: tollgate-test-load STREAMS SECONDS URL BODY-FILE";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [streams, seconds, url, body] = arguments.as_slice() else { return Err(USAGE.to_owned()) };
    let streams: usize = streams.parse().map_err(|_| USAGE.to_owned())?;
    let seconds: u64 = seconds.parse().map_err(|_| USAGE.to_owned())?;
    let body = std::fs::read(body).map_err(|error| format!("{body}: {error}"))?;
    let target = Arc::new(Target::read(url, &body)?);
    let spread = match std::env::var("LOAD_SPREAD_MS") {
        Ok(spread) => spread.parse().map_err(|_| "LOAD_SPREAD_MS is no number".to_owned())?,
        Err(_) => 0,
    };
    let span = Span { spread: Duration::from_millis(spread), time: Duration::from_secs(seconds) };
    let figures = run(streams, span, &target).await;
    println!("{}", figures.told());
    Ok(())
}

/// When streams start.
#[derive(Clone, Copy)]
struct Span {
    /// Over how long the first ones are spread.
    spread: Duration,
    /// How long after that new ones follow.
    time: Duration,
}

/// Opens all connections, then starts all streams.
async fn run(streams: usize, span: Span, target: &Arc<Target>) -> Figures {
    let mut connections = Vec::with_capacity(streams);
    let mut figures = Figures::default();
    for _ in 0..streams {
        match Connection::open(target).await {
            Ok(connection) => connections.push(connection),
            Err(error) => figures.break_off(&error),
        }
    }
    let start = Instant::now();
    let end = start + span.spread + span.time;
    let mut tasks = JoinSet::new();
    for (index, connection) in connections.into_iter().enumerate() {
        let first = start + span.spread.mul_f64(index as f64 / streams as f64);
        let target = Arc::clone(target);
        tasks.spawn(async move {
            tokio::time::sleep_until(first).await;
            stream_until(connection, target, end).await
        });
    }
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(more) => figures.add(more),
            Err(error) => figures.break_off(&error),
        }
    }
    figures
}

async fn stream_until(mut connection: Connection, target: Arc<Target>, end: Instant) -> Figures {
    let mut figures = Figures::default();
    while Instant::now() < end {
        if let Err(error) = connection.stream(&target, &mut figures).await {
            figures.break_off(&error);
            break;
        }
    }
    figures
}
