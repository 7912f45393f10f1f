//! Constructors of refusals.

use crate::types::Denial;

// === impl Denial ===

impl Denial {
    /// A refusal that names no parameter and no limit.
    pub fn new(status: u16, kind: &str, message: String) -> Self {
        Self { status, kind: kind.into(), message, param: None, limit: None }
    }

    /// The same refusal about a parameter.
    #[must_use]
    pub fn about(self, param: &str) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// A refusal because something that the decision needs cannot be reached.
    pub fn unavailable(message: &str) -> Self {
        Self::new(503, "service_unavailable", message.into())
    }
}
