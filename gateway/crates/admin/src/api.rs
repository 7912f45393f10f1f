//! The management API as a whole: checks who asks, then hands on to the route.

use std::sync::Arc;

use parking_lot::RwLock;
use tollgate_domain::Principal;
use tollgate_telemetry::{METRICS_CONTENT_TYPE, Metrics};

use crate::book::KeyBook;
use crate::envelope::{AdminResponse, Failure, not_found};
use crate::health::{self, Detail};
use crate::keys::Keys;
use crate::models::{self, ModelEntry};
use crate::ports::{HealthProbe, LiveSpend, StoreHealth};
use crate::query::{Query, decode};
use crate::route::{Access, Required, Route, model_id};

/// What the management API is made of.
pub struct AdminParts {
    /// The store of keys.
    pub book: Arc<dyn KeyBook>,
    /// What keys spent.
    pub spend: Arc<dyn LiveSpend>,
    /// Whether the store answers.
    pub store: Arc<dyn StoreHealth>,
    /// Whether deployments answer.
    pub probe: Arc<dyn HealthProbe>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// The model groups of the configuration.
    pub models: Vec<ModelEntry>,
    /// Who may read `/metrics`; [`Route::access`] says what is usual.
    pub metrics_access: Access,
}

/// A request, its body whole.
#[derive(Clone, Copy)]
pub struct AdminRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as sent, without the query.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
    /// Who sent it, if that was asked.
    pub principal: Option<&'a Principal>,
}

/// The management API.
pub struct Admin {
    keys: Keys,
    store: Arc<dyn StoreHealth>,
    probe: Arc<dyn HealthProbe>,
    metrics: Arc<Metrics>,
    models: RwLock<Arc<[ModelEntry]>>,
    metrics_access: Access,
}

// === impl Admin ===

impl Admin {
    /// Puts it together.
    pub fn new(parts: AdminParts) -> Self {
        Self {
            keys: Keys { book: parts.book, spend: parts.spend },
            store: parts.store,
            probe: parts.probe,
            metrics: parts.metrics,
            models: RwLock::new(parts.models.into()),
            metrics_access: parts.metrics_access,
        }
    }

    /// Takes the model groups of a new configuration.
    pub fn set_models(&self, models: Vec<ModelEntry>) {
        *self.models.write() = models.into();
    }

    /// Who may use a route, with this configuration.
    pub fn access(&self, route: Route) -> Access {
        match route {
            Route::Metrics => self.metrics_access,
            other => other.access(),
        }
    }

    /// The answer to a request that the authenticator refused, where a route has one of its own.
    /// None: the refusal's own message is the answer.
    pub fn unauthenticated(route: Route) -> Option<AdminResponse> {
        (route == Route::Metrics).then(|| AdminResponse::json(401, &NO_KEY_FOR_METRICS))
    }

    /// Answers a request. It checks the principal itself: a caller that forgot to authenticate
    /// gets a refusal, not an answer.
    pub async fn handle(&self, route: Route, request: AdminRequest<'_>) -> AdminResponse {
        match self.access(route) {
            Access::Public => self.open(route).await,
            Access::AnyKey => match request.principal {
                Some(principal) => self.closed(route, request, principal).await,
                None => no_key(route),
            },
            Access::Scope(right) => match request.principal {
                Some(principal) if right.is_met_by(principal.scopes) => {
                    self.closed(route, request, principal).await
                }
                Some(_) => not_an_administrator(route),
                None => no_key(route),
            },
        }
    }

    /// Routes that need no principal.
    async fn open(&self, route: Route) -> AdminResponse {
        match route {
            Route::Liveness => health::liveness(),
            Route::Readiness => health::readiness(self.store.is_connected().await),
            Route::Metrics => self.metrics(),
            _ => not_found(),
        }
    }

    /// Routes that need one.
    async fn closed(
        &self,
        route: Route,
        request: AdminRequest<'_>,
        principal: &Principal,
    ) -> AdminResponse {
        let query = Query::parse(request.query);
        let answer = match route {
            Route::KeyGenerate => self.keys.generate(request.body, principal).await,
            Route::KeyUpdate => self.keys.update(request.body, principal).await,
            Route::KeyBlock => self.keys.set_blocked(request.body, principal, true).await,
            Route::KeyUnblock => self.keys.set_blocked(request.body, principal, false).await,
            Route::KeyDelete => self.keys.delete(request.body, principal).await,
            Route::KeyList => self.keys.list(&query).await,
            Route::KeyInfo => self.keys.info(&query, principal).await,
            Route::Models => Ok(models::list(&self.models(), principal)),
            Route::Model => {
                let id = decode(model_id(request.path).unwrap_or_default(), false);
                Ok(models::one(&self.models(), principal, &id))
            }
            Route::Health => Ok(self.health(&query, principal).await),
            Route::Metrics => Ok(self.metrics()),
            Route::Liveness | Route::Readiness | Route::Call(_) => Ok(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    async fn health(&self, query: &Query, principal: &Principal) -> AdminResponse {
        let model = query.get("model").filter(|model| !model.is_empty());
        let report = self.probe.probe(principal, model).await;
        let detail = if principal.scopes.administer { Detail::Whole } else { Detail::NameOnly };
        health::report(&report, detail)
    }

    fn metrics(&self) -> AdminResponse {
        AdminResponse::text(METRICS_CONTENT_TYPE, self.metrics.render())
    }

    fn models(&self) -> Arc<[ModelEntry]> {
        Arc::clone(&self.models.read())
    }
}

const NO_KEY_FOR_METRICS: &str = "Unauthorized access to metrics endpoint: Authentication Error, \
    Malformed API Key passed in. Ensure Key has `Bearer ` prefix. To allow unauthenticated \
    access, set `litellm_settings.require_auth_for_metrics_endpoint: false` in your \
    proxy_config.yaml.";

fn no_key(route: Route) -> AdminResponse {
    Admin::unauthenticated(route).unwrap_or_else(|| {
        Failure {
            status: 401,
            message: "Authentication Error, No api key passed in.",
            kind: "auth_error",
            param: Some("None"),
        }
        .into()
    })
}

fn not_an_administrator(route: Route) -> AdminResponse {
    let message = format!(
        "Authentication Error, Only proxy admin can be used to generate, delete, update info for \
         new keys/users/teams. Route={}. Your role=unknown. Your user_id=*******",
        route.template()
    );
    Failure { status: 401, message: &message, kind: "auth_error", param: Some("None") }.into()
}

/// Whether a principal may see and change keys of others.
pub(crate) fn manages_keys(principal: &Principal) -> bool {
    Required::ManageKeys.is_met_by(principal.scopes)
}
