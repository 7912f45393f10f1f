//! What time it is, and waiting for a time: a test's clock need not be the wall's.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// The clock is looked at again after this long: it may have been set, or the machine slept.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The end of a wait.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Tells the time by which certificates are renewed and CAs are asked again.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;

    /// Waits until `now` is `at` or later.
    fn wait_until(&self, at: SystemTime) -> Wait<'_>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait_until(&self, at: SystemTime) -> Wait<'_> {
        Box::pin(async move {
            while let Ok(left) = at.duration_since(SystemTime::now()) {
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_past_is_not_waited_for() {
        SystemClock.wait_until(SystemTime::UNIX_EPOCH).await;
        SystemClock.wait_until(SystemTime::now()).await;
    }
}
