//! Every deployment that a call may come to, for those who must know before it begins.

use crate::group::{Group, Member};
use crate::plan::{StandIns, Wish};
use crate::router::{Found, Router};

/// A deployment that a call may come to.
#[derive(Debug)]
pub struct Reached<'r, D> {
    /// Its group.
    pub group: &'r Group<D>,
    /// The deployment.
    pub member: &'r Member<D>,
    /// What stands in the name that leads to it where the group's has its `*`.
    pub captured: Option<String>,
}

impl<D> Router<D> {
    /// The deployments of the group that is asked for, then those of all groups that may stand in.
    /// Empty if no group has the name.
    pub fn reach(&self, wish: &Wish) -> Vec<Reached<'_, D>> {
        let mut reached = Vec::new();
        let mut names: Vec<&str> = vec![&wish.model];
        let own = match &wish.fallbacks {
            StandIns::Own(names) => names.as_slice(),
            _ => &[],
        };
        let mut at = 0;
        while let Some(name) = names.get(at).copied() {
            if let Some(Found { group, captured }) = self.find(name) {
                reached.extend(group.members().iter().map(|member| Reached {
                    group,
                    member,
                    captured: captured.clone(),
                }));
            }
            let is_first = at == 0;
            at += 1;
            match wish.fallbacks {
                StandIns::Refused => break,
                StandIns::Own(_) if is_first => self.add(&mut names, own.iter()),
                _ if self.rules().fallbacks.are_none() => {}
                _ => {
                    let known_as = [name, self.unaliased(name)];
                    self.add(&mut names, self.rules().fallbacks.all_of(known_as));
                }
            }
        }
        reached
    }

    fn add<'a>(&self, names: &mut Vec<&'a str>, more: impl Iterator<Item = &'a String>) {
        for name in more {
            if names.iter().all(|known| self.unaliased(known) != self.unaliased(name)) {
                names.push(name);
            }
        }
    }
}
