//! An instance that serves one answer from its first frame to its last.
//!
//! What was done in it cannot be done again on another one, so that its calls run on a fiber from
//! the start: each may take all the time that the plugin's settings allow, beside other tasks.

use std::convert::Infallible;
use std::sync::Arc;

use super::{Function, Plugin, Running, Signature, Stopped};
use crate::deadline::{CpuMeter, Metered};
use crate::outcome::{Limit, Ran};
use crate::state::{Lent, Pace};

/// An instance between two calls for the same answer; none once a call has failed.
pub(crate) struct Held(Option<Running>);

// === impl Plugin ===

impl Plugin {
    /// Makes an instance and calls its first function.
    pub(crate) async fn hold<'p, S: Signature>(
        &self,
        function: &Function<S>,
        lent: Lent,
        params: S::Params<'p>,
    ) -> Ran<(Held, S::Returns), Infallible> {
        let mut held = match self.make() {
            Ok(running) => Held(Some(running)),
            Err(failed) => {
                let (mut store, error) = *failed;
                return ended(self.stopped(store.data_mut(), &error));
            }
        };
        match self.call_held(&mut held, function, lent, params).await {
            Ran::Value(value) => Ran::Value((held, value)),
            Ran::Refused(never) => match never {},
            Ran::Trapped(why) => Ran::Trapped(why),
            Ran::Exceeded(limit) => Ran::Exceeded(limit),
        }
    }

    /// Calls a function of a held instance, under the limits of a call. Whatever ends the call
    /// other than its return, cancellation included, drops the instance for good.
    pub(crate) async fn call_held<'p, S: Signature>(
        &self,
        held: &mut Held,
        function: &Function<S>,
        lent: Lent,
        params: S::Params<'p>,
    ) -> Ran<S::Returns, Infallible> {
        let Some(mut running) = held.0.take() else {
            return Ran::Trapped("its instance has failed before".to_owned());
        };
        let _clock = self.clock.running();
        let meter = Arc::new(CpuMeter::default());
        running.store.set_epoch_deadline(1);
        running.store.data_mut().begin(lent, Pace::Steady(Arc::clone(&meter)));
        let run = async {
            let typed = function.of(&mut running)?;
            Metered::new(typed.call_async(&mut running.store, params), meter).await
        };
        match tokio::time::timeout(self.settings.wall, run).await {
            Ok(Ok(value)) => {
                running.store.data_mut().end();
                held.0 = Some(running);
                Ran::Value(value)
            }
            Ok(Err(error)) => ended(self.stopped(running.store.data_mut(), &error)),
            Err(_elapsed) => Ran::Exceeded(Limit::Wall),
        }
    }
}

/// A held instance cannot begin again.
fn ended<T>(stopped: Stopped) -> Ran<T, Infallible> {
    match stopped {
        Stopped::Trapped(why) => Ran::Trapped(why),
        Stopped::Exceeded(limit) => Ran::Exceeded(limit),
        Stopped::Again(..) => Ran::Exceeded(Limit::Wall),
    }
}
