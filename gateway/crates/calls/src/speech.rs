//! In which dialect a deployment's provider is asked: the client's own if it speaks it, else the
//! neutral one.

use std::sync::{Arc, OnceLock};

use tollgate_dialects::{Unreadable, to_neutral};
use tollgate_domain::{Dialect, Document};

use crate::deployment::Deployment;
use crate::refusal::Refusal;

/// A request in the dialect in which a provider is asked.
pub(crate) struct Spoken {
    /// The dialect.
    pub(crate) dialect: Dialect,
    /// The body.
    pub(crate) document: Arc<Document>,
    /// Parameters of the client that the body does not carry.
    pub(crate) dropped: Vec<String>,
}

/// A client's request, and the neutral one if a provider needed it.
pub(crate) struct Request {
    dialect: Dialect,
    document: Arc<Document>,
    neutral: OnceLock<Result<Neutral, Unreadable>>,
}

#[derive(Clone)]
struct Neutral {
    document: Arc<Document>,
    dropped: Vec<String>,
}

// === impl Request ===

impl Request {
    pub(crate) fn new(dialect: Dialect, document: Arc<Document>) -> Self {
        Self { dialect, document, neutral: OnceLock::new() }
    }

    /// The client's dialect.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The client's body; of a form, its fields.
    pub(crate) fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// The request as a deployment's provider can be asked.
    pub(crate) fn to(&self, deployment: &Deployment, drops: bool) -> Result<Spoken, Refusal> {
        let (traits, name) = (deployment.provider.traits(), deployment.target.provider.as_str());
        if traits.native(self.dialect, name).is_some() {
            let (dialect, document) = (self.dialect, Arc::clone(&self.document));
            return Ok(Spoken { dialect, document, dropped: Vec::new() });
        }
        let neutral = self.dialect.neutral().filter(|neutral| {
            traits.native(*neutral, name).is_some() || traits.translates(*neutral)
        });
        let Some(dialect) = neutral else {
            return Err(self.unserved(deployment));
        };
        let Neutral { document, dropped } = self.neutral()?;
        if !drops && let [first, ..] = dropped.as_slice() {
            return Err(Refusal::unsupported(deployment, first, &dropped));
        }
        Ok(Spoken { dialect, document, dropped })
    }

    fn neutral(&self) -> Result<Neutral, Refusal> {
        let made = self.neutral.get_or_init(|| {
            let neutral = to_neutral(self.dialect, &self.document)?;
            let unreadable = |error: tollgate_domain::DocumentError| Unreadable {
                param: None,
                message: format!("The request cannot be translated: {error}"),
            };
            let document = Document::parse(neutral.body).map_err(unreadable)?;
            Ok(Neutral { document: Arc::new(document), dropped: neutral.dropped })
        });
        made.clone().map_err(Refusal::unreadable)
    }

    /// The provider has no such operation, and nothing that could stand for it.
    fn unserved(&self, deployment: &Deployment) -> Refusal {
        let message = format!(
            "The provider `{}` does not support `{}`.",
            deployment.provider_name,
            self.dialect.name()
        );
        Refusal::new(400, "invalid_request_error", message)
    }
}
