//! A neutral request in the making.

use super::Neutral;
use crate::json::{Json, Members, Object, Raw};
use crate::place::Place;

/// Members that were written, and parameters that had no place.
#[derive(Debug)]
pub(super) struct Draft {
    members: Members,
    written: Vec<&'static str>,
    dropped: Vec<String>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self { members: Members::new(), written: Vec::new(), dropped: Vec::new() }
    }

    /// Writes a member.
    pub(super) fn put(&mut self, name: &'static str, value: &(impl Json + ?Sized)) {
        self.members.put(name, value);
        self.written.push(name);
    }

    /// Writes a member if there is a value.
    pub(super) fn put_some(&mut self, name: &'static str, value: Option<impl Json>) {
        if let Some(value) = value {
            self.put(name, &value);
        }
    }

    /// Notes a parameter that has no place.
    pub(super) fn drop(&mut self, parameter: impl Into<String>) {
        self.dropped.push(parameter.into());
    }

    /// Notes what is left of an object that has no place for it.
    pub(super) fn drop_rest(&mut self, object: &Object<'_>, place: &Place<'_>) {
        for (name, _) in object.rest() {
            self.dropped.push(place.member(name).to_string());
        }
    }

    /// Notes those of these members that are there and have no place.
    pub(super) fn drop_members(&mut self, request: &mut Object<'_>, names: &[&str]) {
        for name in names {
            if request.take(name).is_some() {
                self.drop(*name);
            }
        }
    }

    /// Adds what nobody asked for, under its own names.
    pub(super) fn end(mut self, rest: &Object<'_>) -> Neutral {
        for (name, value) in rest.rest() {
            if self.written.contains(&name) {
                self.dropped.push(name.to_owned());
            } else {
                self.members.put(name, &Raw(value));
            }
        }
        Neutral::new(self.members.end(), self.dropped)
    }
}
