//! What an operator can say about routing. Plain figures; the configuration fills them in.

use std::collections::HashMap;
use std::time::Duration;

use crate::failure::{Cause, Policy};

/// How one of several deployments is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// By lot, weighted by `weight`, else `rpm`, else `tpm`.
    #[default]
    SimpleShuffle,
    /// The one with the fewest calls under way.
    LeastBusy,
    /// The better of two drawn by lot, by the peak of its latency and the calls under way.
    LatencyBased,
    /// The cheapest.
    CostBased,
    /// The one that used the fewest tokens in this minute.
    UsageBased,
}

/// Everything that holds for all groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// How a deployment is chosen.
    pub strategy: Strategy,
    /// Further attempts within a group.
    pub retries: Retries,
    /// When a deployment is left alone.
    pub cooldowns: Cooldowns,
    /// Groups that stand in for others.
    pub fallbacks: Fallbacks,
    /// Other names of groups.
    pub aliases: HashMap<String, Alias>,
}

/// Further attempts within a group, beside the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// How many.
    pub count: u32,
    /// The least time to wait before the same deployment is asked again.
    pub wait_min: Duration,
    /// How many by class of failure.
    pub policy: Policy,
    /// The same for some groups alone.
    pub of_groups: HashMap<String, Policy>,
}

/// When a deployment is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Cooldowns {
    /// Whether one ever is.
    pub enabled: bool,
    /// For how long.
    pub time: Duration,
    /// The failures of one minute that are put up with. None: more than half of at least five
    /// calls must fail, or one failure be of a kind that passes by itself only with time; and a
    /// deployment without another one beside it is never left alone.
    pub allowed_fails: Option<u32>,
    /// The same by class of failure.
    pub policy: Policy,
}

/// Groups that stand in for others.
#[derive(Clone, Debug, PartialEq)]
pub struct Fallbacks {
    /// By group, for failures of any kind. `*` stands for all that are not named.
    pub general: HashMap<String, Vec<String>>,
    /// By group, for input that does not fit. None: `general` serves.
    pub context_window: Option<HashMap<String, Vec<String>>>,
    /// By group, for what a content policy refused. None: `general` serves.
    pub content_policy: Option<HashMap<String, Vec<String>>>,
    /// The most groups that one call may try beside its own.
    pub groups_max: u32,
}

/// Another name of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The group.
    pub group: String,
    /// Whether lists of models leave it out.
    pub hidden: bool,
}

// === impl Retries ===

impl Default for Retries {
    /// LiteLLM's: two, without a least wait.
    fn default() -> Self {
        Self {
            count: 2,
            wait_min: Duration::ZERO,
            policy: Policy::default(),
            of_groups: HashMap::new(),
        }
    }
}

impl Retries {
    /// How many for a failure of this class in this group, if a policy says so.
    pub(crate) fn of_policy(&self, group: &str, cause: Cause) -> Option<u32> {
        let own = self.of_groups.get(group).and_then(|policy| policy.of(cause));
        own.or_else(|| self.policy.of(cause))
    }
}

// === impl Cooldowns ===

impl Default for Cooldowns {
    /// LiteLLM's: five seconds.
    fn default() -> Self {
        Self {
            enabled: true,
            time: Duration::from_secs(5),
            allowed_fails: None,
            policy: Policy::default(),
        }
    }
}

// === impl Fallbacks ===

impl Default for Fallbacks {
    fn default() -> Self {
        Self { general: HashMap::new(), context_window: None, content_policy: None, groups_max: 5 }
    }
}

impl Fallbacks {
    /// What stands in for a group after a failure of this class. `names` are those that it goes by,
    /// the one that was asked for first.
    pub(crate) fn of(&self, names: [&str; 2], cause: Cause) -> &[String] {
        let own = match cause {
            Cause::ContextWindow => self.context_window.as_ref(),
            Cause::ContentPolicy => self.content_policy.as_ref(),
            _ => None,
        };
        listed(own.unwrap_or(&self.general), names)
    }

    /// Everything that may stand in for a group.
    pub(crate) fn all_of<'a>(&'a self, names: [&str; 2]) -> impl Iterator<Item = &'a String> {
        let tables =
            [Some(&self.general), self.context_window.as_ref(), self.content_policy.as_ref()];
        let lists = tables.map(|table| table.map_or(&[][..], |table| listed(table, names)));
        lists.into_iter().flatten()
    }

    /// Whether nothing ever stands in for anything.
    pub(crate) fn are_none(&self) -> bool {
        self.general.is_empty() && self.context_window.is_none() && self.content_policy.is_none()
    }
}

fn listed<'a>(table: &'a HashMap<String, Vec<String>>, names: [&str; 2]) -> &'a [String] {
    let own = names.into_iter().chain(["*"]).find_map(|name| table.get(name));
    own.map_or(&[], Vec::as_slice)
}
