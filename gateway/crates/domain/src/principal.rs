//! Who calls, and what a refusal says.

use crate::{NanoUsd, UnixMillis};

/// What a principal may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Use model routes.
    pub call_models: bool,
    /// Make, change, block and delete virtual keys.
    pub manage_keys: bool,
    /// Read spend of other keys.
    pub read_spend: bool,
    /// Everything that the management API offers.
    pub administer: bool,
}

/// Ceilings written on a virtual key. An absent one does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// Calls that may begin within any window of 60 seconds.
    pub requests_per_minute: Option<u64>,
    /// Money that may be spent in all.
    pub max_budget: Option<NanoUsd>,
}

/// An authenticated caller: what the authenticator component says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The virtual key's identity: hexadecimal SHA-256 of the whole key.
    pub key_id: String,
    /// The key shortened for people.
    pub key_name: String,
    /// The alias that its owner chose.
    pub key_alias: Option<String>,
    /// The user that it belongs to.
    pub user_id: Option<String>,
    /// The team that it belongs to.
    pub team_id: Option<String>,
    /// Models that it may call; empty for all.
    pub models: Vec<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// Its own ceilings.
    pub limits: KeyLimits,
}

/// The limit that refused a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitHit {
    /// What was counted: `requests`, `tokens` or `max_parallel_requests`.
    pub kind: String,
    /// The ceiling.
    pub limit: u64,
    /// When the window ends.
    pub resets_at: UnixMillis,
}

/// A refusal by a component, to be written in the client's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// Machine-readable class.
    pub kind: String,
    /// What a person needs to put it right.
    pub message: String,
    /// The request parameter at fault.
    pub param: Option<String>,
    /// The limit that was reached.
    pub limit: Option<LimitHit>,
}

/// What the store knows about a virtual key, as authenticators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key shortened for people, such as `sk-...a1b2`.
    pub name: String,
    /// The alias that its owner chose.
    pub alias: Option<String>,
    /// The user that it belongs to.
    pub user_id: Option<String>,
    /// The team that it belongs to.
    pub team_id: Option<String>,
    /// Models that it may call; empty for all.
    pub models: Vec<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// Its own ceilings.
    pub limits: KeyLimits,
    /// Whether it is blocked.
    pub blocked: bool,
    /// When it stops being valid.
    pub expires: Option<UnixMillis>,
}
