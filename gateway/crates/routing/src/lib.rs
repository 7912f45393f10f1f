//! Which deployment of a model is asked, and which one next if it fails: groups and their names,
//! strategies, ceilings, cooldowns, retries and fallbacks. Pure: time and randomness are handed in,
//! and nothing waits.
//!
//! ```
//! use rand::SeedableRng;
//! use tollgate_routing::{Cause, Healths, Knobs, Last, Moment, Router, Row, Rules, Step, Wish};
//!
//! let row = |id: &'static str| Row {
//!     id: id.to_owned(),
//!     group: "gpt".to_owned(),
//!     knobs: Knobs::default(),
//!     deployment: id,
//! };
//! let router = Router::new(Rules::default(), [row("a"), row("b")], &Healths::default());
//! let wish = Wish { model: "gpt".to_owned(), ..Wish::default() };
//! let mut plan = router.plan(wish).ok_or("unknown model")?;
//! let (now, mut dice) = (Moment::default(), rand::rngs::StdRng::seed_from_u64(1));
//!
//! let Step::Attempt(first) = plan.next(Last::Nothing, now, &mut dice) else { return Err("none") };
//! let failed = Last::Failed(first.permit, Cause::Internal.into());
//! let Step::Attempt(second) = plan.next(failed, now, &mut dice) else { return Err("none") };
//! assert_ne!(first.member.deployment, second.member.deployment);
//! # Ok::<(), &str>(())
//! ```

mod choose;
mod failure;
mod group;
mod health;
mod latency;
mod moment;
mod names;
mod permit;
mod plan;
mod reach;
mod router;
mod rules;
mod window;

pub use failure::{Cause, Failure, Policy};
pub use group::{Group, Knobs, Member};
pub use health::{Ceilings, Health, Verdict};
pub use moment::Moment;
pub use names::Pattern;
pub use permit::Permit;
pub use plan::{Attempt, GiveUp, Last, Plan, StandIns, Step, Wish};
pub use reach::Reached;
pub use router::{Healths, Router, Row};
pub use rules::{Alias, Cooldowns, Fallbacks, Retries, Rules, Strategy};
