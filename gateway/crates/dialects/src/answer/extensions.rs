//! Members that providers add to an answer or to a choice of one.

use crate::json::{Members, Text, compact};

/// Members of an answer that the writer sets itself.
const OWN: [&str; 7] = ["id", "object", "created", "model", "choices", "usage", "type"];

/// Named JSON values; each name once.
#[derive(Debug, Default)]
pub(super) struct Extensions(Vec<(String, Text)>);

impl Extensions {
    /// Sets a member. What is no JSON, or not the provider's to say, is left out.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let Some(value) = compact(value).filter(|_| !OWN.contains(&name)) else { return };
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The value of a member.
    pub(super) fn get(&self, name: &str) -> Option<&Text> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, name: &str) -> Option<Text> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes all members.
    pub(super) fn put_into(&self, members: &mut Members) {
        for (name, value) in &self.0 {
            members.put(name, value);
        }
    }

    /// Writes all members but one.
    pub(super) fn put_others_into(&self, one: &str, members: &mut Members) {
        for (name, value) in self.0.iter().filter(|(name, _)| name != one) {
            members.put(name, value);
        }
    }
}
