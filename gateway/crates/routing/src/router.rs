//! All groups by name, and the rules.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::group::{Group, Knobs, Member};
use crate::health::Health;
use crate::names::Pattern;
use crate::plan::{Plan, Wish};
use crate::rules::Rules;

/// A deployment to be put into its group.
#[derive(Debug)]
pub struct Row<D> {
    /// Its id, under which its state is known.
    pub id: String,
    /// The name that clients use, or a pattern of names.
    pub group: String,
    /// What its row says about routing.
    pub knobs: Knobs,
    /// What the caller knows of it.
    pub deployment: D,
}

/// The state of deployments by id. Routers that are made one after the other share it, so that
/// calls under way and cooldowns survive a change of the configuration.
#[derive(Debug, Default)]
pub struct Healths(Mutex<HashMap<String, Arc<Health>>>);

/// All groups by name, and the rules.
#[derive(Debug)]
pub struct Router<D> {
    rules: Rules,
    groups: Vec<Group<D>>,
    exact: HashMap<String, usize>,
    /// Positions of groups whose names are patterns, those that know most of a name first.
    patterns: Vec<usize>,
}

/// A group that a name leads to.
#[derive(Debug)]
pub(crate) struct Found<'r, D> {
    pub(crate) group: &'r Group<D>,
    /// What stands in the name where the group's has its `*`.
    pub(crate) captured: Option<String>,
}

// === impl Healths ===

impl Healths {
    /// The state of a deployment, new if nobody asked for it before.
    pub fn of(&self, id: &str) -> Arc<Health> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(id.to_owned()).or_default())
    }

    /// Forgets deployments that nobody else holds.
    pub fn sweep(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, health| Arc::strong_count(health) > 1);
    }
}

// === impl Router ===

impl<D> Router<D> {
    /// Puts deployments into groups, in their order.
    pub fn new(rules: Rules, rows: impl IntoIterator<Item = Row<D>>, healths: &Healths) -> Self {
        let mut groups: Vec<Group<D>> = Vec::new();
        let mut exact = HashMap::new();
        for row in rows {
            let health = healths.of(&row.id);
            let member = Member { deployment: row.deployment, knobs: row.knobs, health };
            let position = *exact.entry(row.group.clone()).or_insert(groups.len());
            match groups.get_mut(position) {
                Some(group) => group.members.push(member),
                None => {
                    let (name, pattern) = (row.group.clone(), Pattern::parse(&row.group));
                    groups.push(Group { name, position, pattern, members: vec![member] });
                }
            }
        }
        let mut patterns: Vec<(usize, usize)> = Vec::new();
        for group in &groups {
            let length = group.pattern.as_ref().map(Pattern::literal_length);
            patterns.extend(length.map(|length| (length, group.position)));
        }
        // A stable sort: of two that know as much, the first in the file is taken.
        patterns.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        let patterns = patterns.into_iter().map(|(_, position)| position).collect();
        Self { rules, groups, exact, patterns }
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The groups, in the order of the configuration.
    pub fn groups(&self) -> &[Group<D>] {
        &self.groups
    }

    /// Plans a call; none if no group has the name that it asks for.
    pub fn plan(&self, wish: Wish) -> Option<Plan<'_, D>> {
        let Found { group, captured } = self.find(&wish.model)?;
        Some(Plan::new(self, wish, group, captured))
    }

    /// The group of a name: an alias's, one of exactly this name, or that of the pattern that
    /// knows most of it.
    pub(crate) fn find(&self, name: &str) -> Option<Found<'_, D>> {
        let name = self.unaliased(name);
        let exact = self.exact.get(name).and_then(|position| self.groups.get(*position));
        if let Some(group) = exact {
            return Some(Found { group, captured: None });
        }
        self.patterns.iter().find_map(|position| {
            let group = self.groups.get(*position)?;
            let captured = group.pattern.as_ref()?.captured(name)?;
            Some(Found { group, captured: Some(captured.to_owned()) })
        })
    }

    /// The name that an alias stands for; any other name as it is.
    pub(crate) fn unaliased<'a>(&'a self, name: &'a str) -> &'a str {
        self.rules.aliases.get(name).map_or(name, |alias| alias.group.as_str())
    }
}
