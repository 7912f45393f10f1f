//! The management API in LiteLLM's shape: virtual keys, the model list, health and metrics.
//!
//! It knows no HTTP server. The edge asks [`route`] what a request is for, has the authenticator
//! say who sent it where [`Admin::access`] wants to know, and gives both to [`Admin::handle`].
//! What it needs from the rest of Tollgate it asks for through the traits of this crate.
//!
//! ```
//! use tollgate_admin::{Access, Route, Routed, route};
//!
//! assert_eq!(route("GET", "/key/list"), Routed::Found(Route::KeyList));
//! assert_eq!(Route::Liveness.access(), Access::Public);
//! assert_eq!(route("GET", "/key/generate"), Routed::MethodNotAllowed { allow: "POST" });
//! assert_eq!(route("GET", "/nope"), Routed::NotFound);
//! ```

mod api;
mod book;
mod envelope;
mod fields;
mod health;
mod keys;
mod ledger_book;
mod lifetime;
mod models;
mod ports;
mod query;
mod route;

pub use api::{Admin, AdminParts, AdminRequest};
pub use book::{KeyBook, KeyBookError, KeyChange, KeyFilter, NewKey, StoredKey};
pub use envelope::{AdminResponse, method_not_allowed, not_found};
pub use ledger_book::LedgerBook;
pub use models::ModelEntry;
pub use ports::{Endpoint, HealthProbe, HealthReport, LiveSpend, StoreHealth};
pub use route::{Access, Required, Route, Routed, named_model, route};
