//! Rows of calls, as they are read back.

use tollgate_domain::{CallId, Charge, Dialect, Ending, NanoUsd, UnixMillis, Usage};

use crate::{Account, Service};

/// Which calls are wanted. An absent field does not choose.
#[derive(Clone, Debug)]
pub struct SpendFilter {
    /// This call.
    pub call: Option<CallId>,
    /// Calls of this key: hexadecimal SHA-256.
    pub key_id: Option<String>,
    /// Calls of this user.
    pub user_id: Option<String>,
    /// Calls of this team.
    pub team_id: Option<String>,
    /// Calls of this organization.
    pub organization_id: Option<String>,
    /// Calls of this customer.
    pub customer_id: Option<String>,
    /// Calls that began at this time or later.
    pub from: Option<UnixMillis>,
    /// Calls that began before this time.
    pub until: Option<UnixMillis>,
    /// The most rows.
    pub limit: u32,
    /// Rows to leave out at the start.
    pub offset: u32,
}

/// A call in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRow {
    /// The gateway's own id.
    pub call: CallId,
    /// The id that the client sent.
    pub client_call_id: Option<String>,
    /// The virtual key: hexadecimal SHA-256.
    pub key_id: String,
    /// The alias of the key at the time.
    pub key_alias: Option<String>,
    /// The user that the key belonged to.
    pub user_id: Option<String>,
    /// The team that the key belonged to.
    pub team_id: Option<String>,
    /// Whom else it is put down to.
    pub account: Account,
    /// The route.
    pub route: String,
    /// The client's dialect.
    pub dialect: Dialect,
    /// The model that the client asked for.
    pub model: String,
    /// The deployment that was asked.
    pub deployment: String,
    /// Its provider.
    pub provider: String,
    /// The provider's name of the model.
    pub upstream_model: String,
    /// How it was served.
    pub service: Service,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The HTTP status that the client got; 0 if that is not known.
    pub status: u16,
    /// How the call ended.
    pub ending: Ending,
    /// The class of the error.
    pub error: Option<String>,
    /// What was used.
    pub usage: Usage,
    /// Whether that is an estimate.
    pub estimated: bool,
    /// What it cost.
    pub charge: Charge,
    /// What was reserved for it.
    pub reserved: NanoUsd,
    /// When it began.
    pub started_at: UnixMillis,
    /// When the first byte of the answer arrived.
    pub first_byte_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: UnixMillis,
    /// Digests of the plugins that touched it.
    pub plugins: Vec<String>,
}

// === impl SpendFilter ===

impl Default for SpendFilter {
    fn default() -> Self {
        Self {
            call: None,
            key_id: None,
            user_id: None,
            team_id: None,
            organization_id: None,
            customer_id: None,
            from: None,
            until: None,
            limit: 100,
            offset: 0,
        }
    }
}
