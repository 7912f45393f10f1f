//! Where in a request something stands, told to the client as the parameter at fault.

use std::fmt;

/// A request that cannot be read, or not be put into another dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// The parameter at fault, such as `messages[0].content`.
    pub param: Option<String>,
    /// What a person needs to put it right.
    pub message: String,
}

/// A path into a request: a member of the body, and the steps below it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Member(&'p str),
    Index(usize),
}

// === impl Unreadable ===

impl Unreadable {
    /// A mistake in a parameter.
    pub(crate) fn about(param: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_string()), message: message.into() }
    }

    /// A parameter that must be there.
    pub(crate) fn missing(route: &str, param: &str) -> Self {
        Self::about(param, format!("{route}: Missing required parameter: '{param}'."))
    }
}

// === impl Place ===

impl<'p> Place<'p> {
    /// A member of the body.
    pub(crate) fn of(member: &'p str) -> Self {
        Self { above: None, step: Step::Member(member) }
    }

    /// A member of the object here.
    pub(crate) fn member(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), step: Step::Member(name) }
    }

    /// An item of the array here.
    pub(crate) fn index(&'p self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Index(index) }
    }

    /// What stands here is not what it must be.
    pub(crate) fn must_be(&self, expected: &str) -> Unreadable {
        Unreadable::about(self, format!("'{self}' must be {expected}."))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match (self.above, self.step) {
            (None, Step::Member(name)) => f.write_str(name),
            (Some(_), Step::Member(name)) => write!(f, ".{name}"),
            (_, Step::Index(index)) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_as_paths() {
        let messages = Place::of("messages");
        let message = messages.index(3);
        let content = message.member("content");
        assert_eq!(content.index(0).to_string(), "messages[3].content[0]");
        let told = content.must_be("a string");
        assert_eq!(told.param.as_deref(), Some("messages[3].content"));
        assert_eq!(told.message, "'messages[3].content' must be a string.");
    }
}
