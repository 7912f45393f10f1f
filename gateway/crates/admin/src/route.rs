//! What a request is for, and who may ask it. The one list of all routes of Tollgate's own.

use tollgate_domain::{Dialect, Scopes};

mod calls;

pub use calls::named_model;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A model call in a dialect. Not for this crate: the caller hands it to the call pipeline.
    Call(Dialect),
    /// Make a key.
    KeyGenerate,
    /// Change a key.
    KeyUpdate,
    /// Block a key.
    KeyBlock,
    /// Unblock a key.
    KeyUnblock,
    /// Delete keys.
    KeyDelete,
    /// List keys.
    KeyList,
    /// Show a key.
    KeyInfo,
    /// List models.
    Models,
    /// Show a model.
    Model,
    /// The process runs.
    Liveness,
    /// The process can serve.
    Readiness,
    /// Ask every model whether it answers.
    Health,
    /// Metrics for Prometheus.
    Metrics,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever has a valid key.
    AnyKey,
    /// Whoever has a key with this right.
    Scope(Required),
}

/// A right. Who may administer has every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// To call models.
    CallModels,
    /// To manage keys.
    ManageKeys,
    /// To read spend of all keys.
    ReadSpend,
}

/// The router's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routed {
    /// There is such a route.
    Found(Route),
    /// There is one at this path, for another method.
    MethodNotAllowed {
        /// The method, for the `allow` header.
        allow: &'static str,
    },
    /// There is none.
    NotFound,
}

const GET: &str = "GET";
const POST: &str = "POST";

/// Finds the route of a request; the path is as sent, without its query.
pub fn route(method: &str, path: &str) -> Routed {
    match of_path(path) {
        None => Routed::NotFound,
        Some(route) if route.method() == method => Routed::Found(route),
        Some(route) => Routed::MethodNotAllowed { allow: route.method() },
    }
}

fn of_path(path: &str) -> Option<Route> {
    Some(match path {
        "/key/generate" => Route::KeyGenerate,
        "/key/update" => Route::KeyUpdate,
        "/key/block" => Route::KeyBlock,
        "/key/unblock" => Route::KeyUnblock,
        "/key/delete" => Route::KeyDelete,
        "/key/list" => Route::KeyList,
        "/key/info" => Route::KeyInfo,
        "/v1/models" | "/models" => Route::Models,
        "/health/liveliness" | "/health/liveness" => Route::Liveness,
        "/health/readiness" => Route::Readiness,
        "/health" => Route::Health,
        "/metrics" | "/metrics/" => Route::Metrics,
        _ => match calls::dialect(path) {
            Some(dialect) => Route::Call(dialect),
            None => return model_id(path).map(|_| Route::Model),
        },
    })
}

/// The id in the path of [`Route::Model`], as sent. It may hold slashes: group names do.
pub(crate) fn model_id(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/v1/models/").or_else(|| path.strip_prefix("/models/"))?;
    (!id.is_empty()).then_some(id)
}

// === impl Route ===

impl Route {
    /// Who may use it. [`crate::Admin::access`] takes the configuration into account as well.
    pub fn access(self) -> Access {
        match self {
            Self::Liveness | Self::Readiness => Access::Public,
            Self::KeyInfo | Self::Models | Self::Model | Self::Health => Access::AnyKey,
            Self::Call(_) => Access::Scope(Required::CallModels),
            Self::Metrics => Access::Scope(Required::ReadSpend),
            Self::KeyGenerate
            | Self::KeyUpdate
            | Self::KeyBlock
            | Self::KeyUnblock
            | Self::KeyDelete
            | Self::KeyList => Access::Scope(Required::ManageKeys),
        }
    }

    /// The path with its variable part named, for the access log.
    pub fn template(self) -> &'static str {
        match self {
            Self::Call(dialect) => calls::template(dialect),
            Self::KeyGenerate => "/key/generate",
            Self::KeyUpdate => "/key/update",
            Self::KeyBlock => "/key/block",
            Self::KeyUnblock => "/key/unblock",
            Self::KeyDelete => "/key/delete",
            Self::KeyList => "/key/list",
            Self::KeyInfo => "/key/info",
            Self::Models => "/v1/models",
            Self::Model => "/v1/models/{id}",
            Self::Liveness => "/health/liveliness",
            Self::Readiness => "/health/readiness",
            Self::Health => "/health",
            Self::Metrics => "/metrics",
        }
    }

    /// The one method that it answers to.
    pub fn method(self) -> &'static str {
        match self {
            Self::Call(_)
            | Self::KeyGenerate
            | Self::KeyUpdate
            | Self::KeyBlock
            | Self::KeyUnblock
            | Self::KeyDelete => POST,
            Self::KeyList
            | Self::KeyInfo
            | Self::Models
            | Self::Model
            | Self::Liveness
            | Self::Readiness
            | Self::Health
            | Self::Metrics => GET,
        }
    }
}

// === impl Required ===

impl Required {
    /// Whether these scopes include it.
    pub fn is_met_by(self, scopes: Scopes) -> bool {
        scopes.administer
            || match self {
                Self::CallModels => scopes.call_models,
                Self::ManageKeys => scopes.manage_keys,
                Self::ReadSpend => scopes.read_spend,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_health_is_public() {
        for path in ["/health/liveliness", "/health/liveness", "/health/readiness"] {
            let Routed::Found(route) = route("GET", path) else { panic!("{path}") };
            assert_eq!(route.access(), Access::Public);
        }
        for path in ["/key/list", "/key/info", "/health", "/metrics", "/models", "/models/x"] {
            let Routed::Found(route) = route("GET", path) else { panic!("{path}") };
            assert_ne!(route.access(), Access::Public, "{path}");
        }
    }

    #[test]
    fn paths_that_only_look_like_a_route_are_none() {
        for path in ["/key", "/key/", "/key/list/", "//key/list", "/KEY/LIST", "/models/", ""] {
            assert_eq!(route("GET", path), Routed::NotFound, "{path}");
        }
        assert_eq!(route("get", "/key/list"), Routed::MethodNotAllowed { allow: "GET" });
    }

    #[test]
    fn rights_are_separate_and_administrators_have_all() {
        let manager = Scopes { manage_keys: true, ..Scopes::default() };
        let administrator = Scopes { administer: true, ..Scopes::default() };
        for right in [Required::CallModels, Required::ManageKeys, Required::ReadSpend] {
            assert_eq!(right.is_met_by(manager), right == Required::ManageKeys);
            assert!(right.is_met_by(administrator));
            assert!(!right.is_met_by(Scopes::default()));
        }
    }
}
