//! Deployments under one name, and their state.

use std::sync::Arc;
use std::time::Duration;

use crate::health::{Ceilings, Health};
use crate::names::Pattern;

/// What a deployment's row says about routing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knobs {
    /// Its share of a group's calls, by lot.
    pub weight: Option<f64>,
    /// Groups ask those with the lowest number that are available.
    pub order: Option<u32>,
    /// Its ceilings.
    pub ceilings: Ceilings,
    /// The price of an input and an output token together, in femto-dollars.
    pub price: Option<u64>,
    /// Further attempts after a failure here, in place of the general number.
    pub retries: Option<u32>,
    /// How long it is left alone, in place of the general time.
    pub cooldown: Option<Duration>,
}

/// A deployment in its group.
#[derive(Debug)]
pub struct Member<D> {
    /// What the caller knows of it.
    pub deployment: D,
    /// What its row says.
    pub knobs: Knobs,
    /// Its state.
    pub health: Arc<Health>,
}

/// Deployments under one name.
#[derive(Debug)]
pub struct Group<D> {
    pub(crate) name: String,
    pub(crate) position: usize,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) members: Vec<Member<D>>,
}

// === impl Group ===

impl<D> Group<D> {
    /// Its name as the configuration writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its place among all groups, in the order of the configuration.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether its name is a pattern.
    pub fn is_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// Its deployments, at least one.
    pub fn members(&self) -> &[Member<D>] {
        &self.members
    }
}
