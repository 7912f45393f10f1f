//! What is counted of all streams.

use std::fmt::Display;

use serde_json::{Value, json};

/// Late, in nanoseconds: what the way adds, the upstream's own time taken off.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    streams: u64,
    events: u64,
    broken: u64,
    first_problem: Option<String>,
    /// Of each stream: from its request to its first token, less what the upstream took.
    first_token: Vec<u64>,
    /// Of each event: from the upstream to the client.
    event: Vec<u64>,
}

impl Figures {
    pub(crate) fn first_token(&mut self, late: u64) {
        self.first_token.push(late);
    }

    pub(crate) fn event(&mut self, late: u64) {
        self.events += 1;
        self.event.push(late);
    }

    pub(crate) fn finished(&mut self) {
        self.streams += 1;
    }

    pub(crate) fn break_off(&mut self, problem: &dyn Display) {
        self.broken += 1;
        self.first_problem.get_or_insert_with(|| problem.to_string());
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.streams += other.streams;
        self.events += other.events;
        self.broken += other.broken;
        self.first_problem = self.first_problem.take().or(other.first_problem);
        self.first_token.extend(other.first_token);
        self.event.extend(other.event);
    }

    /// One object: counts, and microseconds by percentile.
    pub(crate) fn told(mut self) -> Value {
        json!({
            "streams": self.streams,
            "events": self.events,
            "broken": self.broken,
            "first_problem": self.first_problem,
            "first_token": percentiles(&mut self.first_token),
            "event": percentiles(&mut self.event),
        })
    }
}

fn percentiles(nanoseconds: &mut [u64]) -> Value {
    nanoseconds.sort_unstable();
    let at = |share: f64| {
        let last = nanoseconds.len().checked_sub(1)?;
        Some(nanoseconds[(last as f64 * share).round() as usize] as f64 / 1000.0)
    };
    json!({"p50": at(0.5), "p99": at(0.99), "most": at(1.0)})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Figures, percentiles};

    #[test]
    fn percentiles_are_microseconds_in_order() {
        let mut late: Vec<u64> = (0..=100).rev().map(|number| number * 1000).collect();
        assert_eq!(percentiles(&mut late), json!({"p50": 50.0, "p99": 99.0, "most": 100.0}));
        assert_eq!(percentiles(&mut []), json!({"p50": null, "p99": null, "most": null}));
    }

    #[test]
    fn sums_keep_the_first_problem() {
        let mut sum = Figures::default();
        sum.finished();
        let mut other = Figures::default();
        other.break_off(&"cut");
        other.event(2000);
        sum.add(other);
        let told = sum.told();
        assert_eq!(told["first_problem"], "cut");
        assert_eq!(
            (&told["streams"], &told["events"], &told["broken"]),
            (&json!(1), &json!(1), &json!(1))
        );
    }
}
