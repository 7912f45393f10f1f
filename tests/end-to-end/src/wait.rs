//! The one place that waits for something it cannot be told of.

use std::time::{Duration, Instant};

/// How long a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks at a condition until it gives a value. Panics after [`PATIENCE`].
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    match within(PATIENCE, &mut look).await {
        Some(value) => value,
        None => panic!("{what} did not happen within {PATIENCE:?}"),
    }
}

/// Looks at a condition until it gives a value, or none at the limit.
pub(crate) async fn within<T>(
    limit: Duration,
    look: &mut impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = look().await {
            return Some(value);
        }
        if Instant::now() > end {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
