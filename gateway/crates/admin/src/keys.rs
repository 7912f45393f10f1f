//! Virtual keys: made, changed, shown, blocked, deleted.

mod change;
mod request;
mod row;
mod secret;
mod show;

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;

use tollgate_domain::{KeyHash, NanoUsd, Principal};

use crate::book::{KeyBook, KeyBookError, StoredKey};
use crate::envelope::{AdminResponse, Failure};
use crate::ports::LiveSpend;

/// An answer, or a refusal in its final form.
pub(crate) type Answer = Result<AdminResponse, AdminResponse>;

/// The part of the management API that is about keys.
pub(crate) struct Keys {
    pub(crate) book: Arc<dyn KeyBook>,
    pub(crate) spend: Arc<dyn LiveSpend>,
}

impl Keys {
    /// What a key spent: the running gateway knows it better than the store.
    fn spent(&self, key: &StoredKey) -> NanoUsd {
        self.spend.spent(&key.hash).unwrap_or(key.spend)
    }

    async fn find(&self, hash: KeyHash) -> Result<Option<StoredKey>, AdminResponse> {
        self.book.get(hash).await.map_err(|error| refuse(error, None))
    }
}

/// The identity of a key that is given as itself or as its hash. As in LiteLLM, only what begins
/// with `sk-` is a key; anything else that is not a hash names no key.
fn identity(given: &str) -> Option<KeyHash> {
    if given.starts_with("sk-") { Some(KeyHash::of_key(given)) } else { given.parse().ok() }
}

/// Who acts, for `created_by` and `updated_by`.
fn actor(principal: &Principal) -> String {
    principal.user_id.clone().unwrap_or_else(|| principal.key_name.clone())
}

fn refuse(error: KeyBookError, alias: Option<&str>) -> AdminResponse {
    match error {
        KeyBookError::AliasTaken => {
            let alias = alias.unwrap_or_default();
            let message = format!(
                "Key with alias '{alias}' already exists. Unique key aliases across all keys are \
                 required."
            );
            bad_request(&message, Some("key_alias"))
        }
        KeyBookError::KeyTaken => bad_request("Key already exists.", Some("key")),
        KeyBookError::Store(cause) => {
            let first: &(dyn Error + 'static) = &*cause;
            let causes: Vec<_> = successors(Some(first), |cause| (*cause).source())
                .map(ToString::to_string)
                .collect();
            log::error!("the store of keys failed: {}", causes.join(": "));
            Failure {
                status: 503,
                message: "The store of keys is not available. Try again.",
                kind: "internal_server_error",
                param: None,
            }
            .into()
        }
    }
}

fn bad_request(message: &str, param: Option<&str>) -> AdminResponse {
    Failure { status: 400, message, kind: "bad_request_error", param }.into()
}

fn key_not_found(message: &str) -> AdminResponse {
    Failure { status: 404, message, kind: "not_found_error", param: Some("key") }.into()
}
