//! What `router_settings`, `litellm_settings` and `general_settings` say of routing. LiteLLM reads
//! much of it in two places; `router_settings` counts if both have it.

mod fallbacks;
mod policy;

use std::collections::HashMap;
use std::time::Duration;

use tollgate_routing::{Alias, Cooldowns, Retries, Rules, Strategy};

use crate::config::{Deployment, Routing};
use crate::reader::Field;
use crate::section::Section;

pub(crate) use fallbacks::Names;

/// More attempts or groups than this only make an outage worse.
const ATTEMPTS_MAX: u32 = 100;

/// LiteLLM's own interval of background probes.
const PROBE_INTERVAL: Duration = Duration::from_secs(300);

const STRATEGIES: &[(&str, Strategy)] = &[
    ("simple-shuffle", Strategy::SimpleShuffle),
    ("least-busy", Strategy::LeastBusy),
    ("latency-based-routing", Strategy::LatencyBased),
    ("cost-based-routing", Strategy::CostBased),
    ("usage-based-routing", Strategy::UsageBased),
    ("usage-based-routing-v2", Strategy::UsageBased),
];

/// The sections in question.
pub(crate) struct Sections<'s, 'a> {
    pub(crate) router: &'s mut Section<'a>,
    pub(crate) litellm: &'s mut Section<'a>,
    pub(crate) general: &'s mut Section<'a>,
}

/// What a row gets that says nothing of its own.
#[derive(Default)]
pub(crate) struct RowDefaults {
    pub(crate) timeout: Option<Duration>,
    pub(crate) stream_timeout: Option<Duration>,
    pub(crate) parallel: Option<u32>,
}

/// Reads all of it. `names` are those that fallbacks and aliases may lead to.
pub(crate) fn read(mut sections: Sections<'_, '_>, names: &Names) -> (Routing, RowDefaults) {
    let aliases = aliases(&sections.router.take("model_group_alias"), names);
    let names = &names.with(aliases.keys());
    let rules = Rules {
        strategy: strategy(&sections.router.take("routing_strategy")),
        retries: retries(&mut sections),
        cooldowns: cooldowns(&mut sections),
        fallbacks: fallbacks::read(&mut sections, names),
        aliases,
    };
    let probing = sections.general.take("background_health_checks").flag().unwrap_or(false);
    let interval = sections.general.take("health_check_interval").seconds();
    let routing =
        Routing { rules, health_checks: probing.then(|| interval.unwrap_or(PROBE_INTERVAL)) };
    let timeout = sections.router.take("timeout");
    let general_timeout = sections.litellm.take("request_timeout");
    let parallel = sections.router.take("default_max_parallel_requests");
    let defaults = RowDefaults {
        timeout: timeout.seconds().or_else(|| general_timeout.seconds()),
        stream_timeout: sections.router.take("stream_timeout").seconds(),
        parallel: parallel.figure(1..=u32::MAX),
    };
    (routing, defaults)
}

// === impl RowDefaults ===

impl RowDefaults {
    /// Fills in what a row does not say.
    pub(crate) fn fill(&self, row: &mut Deployment) {
        row.timeout = row.timeout.or(self.timeout);
        row.stream_timeout = row.stream_timeout.or(self.stream_timeout);
        row.knobs.ceilings.parallel = row.knobs.ceilings.parallel.or(self.parallel);
    }
}

// === impl Sections ===

impl<'a> Sections<'_, 'a> {
    /// A key that may stand in either section.
    fn either(&mut self, key: &'static str) -> Field<'a> {
        let (router, litellm) = (self.router.take(key), self.litellm.take(key));
        if !router.is_present() {
            return litellm;
        }
        if litellm.is_present() {
            litellm.notice("has no effect: `router_settings` says so, too");
        }
        router
    }
}

fn strategy(field: &Field<'_>) -> Strategy {
    let expected: Vec<_> = STRATEGIES.iter().map(|(name, _)| *name).collect();
    let named = |text: &str| STRATEGIES.iter().find(|(name, _)| *name == text);
    let found = field.parsed(&expected.join(", "), named);
    found.map_or(Strategy::default(), |(_, strategy)| *strategy)
}

fn retries(sections: &mut Sections<'_, '_>) -> Retries {
    let default = Retries::default();
    let count = sections.either("num_retries").figure(0..=ATTEMPTS_MAX);
    let of_groups = sections.router.take("model_group_retry_policy").section();
    let of_groups = of_groups.map(|section| section.all()).unwrap_or_default();
    Retries {
        count: count.unwrap_or(default.count),
        wait_min: sections.router.take("retry_after").seconds_or_none().unwrap_or_default(),
        policy: policy::retries(&sections.either("retry_policy")),
        of_groups: of_groups
            .into_iter()
            .map(|(group, field)| (group.to_owned(), policy::retries(&field)))
            .collect(),
    }
}

fn cooldowns(sections: &mut Sections<'_, '_>) -> Cooldowns {
    let default = Cooldowns::default();
    let time = sections.either("cooldown_time").seconds_or_none();
    Cooldowns {
        enabled: !sections.router.take("disable_cooldowns").flag().unwrap_or(false),
        time: time.unwrap_or(default.time),
        allowed_fails: sections.either("allowed_fails").figure(0..=u32::MAX),
        policy: policy::allowed_fails(&sections.either("allowed_fails_policy")),
    }
}

fn aliases(field: &Field<'_>, names: &Names) -> HashMap<String, Alias> {
    let Some(section) = field.section() else { return HashMap::new() };
    let mut aliases = HashMap::new();
    for (name, field) in section.all() {
        let (group, hidden) = if field.is_section() {
            let mut section = field.section_or_empty();
            let group = section.take("model").required();
            let hidden = section.take("hidden").flag().unwrap_or(false);
            section.close(&[]);
            (group, hidden)
        } else {
            (field, false)
        };
        let group = group.text().filter(|text| names.check(text, &group));
        aliases.extend(group.map(|group| (name.to_owned(), Alias { group, hidden })));
    }
    aliases
}
