//! What the journal says of a call.

use serde::{Deserialize, Serialize};
use tollgate_domain::{CallId, Charge, Dialect, Ending, NanoUsd, Observed, UnixMillis};

/// A call that is about to reach its upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The gateway's own id.
    pub call: CallId,
    /// The id that the client sent, for correlation only.
    pub client_call_id: Option<String>,
    /// The virtual key: hexadecimal SHA-256.
    pub key_id: String,
    /// The alias of the key.
    pub key_alias: Option<String>,
    /// The user that the key belongs to.
    pub user_id: Option<String>,
    /// The team that the key belongs to.
    pub team_id: Option<String>,
    /// The route, such as `/v1/chat/completions`.
    pub route: String,
    /// The client's dialect.
    pub dialect: Dialect,
    /// The model that the client asked for.
    pub model: String,
    /// The deployment that is asked.
    pub deployment: String,
    /// Its provider.
    pub provider: String,
    /// The provider's name of the model.
    pub upstream_model: String,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Money reserved.
    pub reserved: NanoUsd,
    /// When the call began.
    pub started_at: UnixMillis,
}

/// A call that has ended, with all that its row in the store needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// What was known when it began; the deployment may be a later one.
    pub opened: Opened,
    /// How it ended.
    pub ending: Ending,
    /// The HTTP status that the client got; 0 if that is not known.
    pub status: u16,
    /// The class of the error.
    pub error: Option<String>,
    /// What was used.
    pub usage: Observed,
    /// What it cost.
    pub charge: Charge,
    /// When the first byte of the answer arrived.
    pub first_byte_at: Option<UnixMillis>,
    /// When the call ended.
    pub ended_at: UnixMillis,
    /// Digests of the plugins that touched it.
    pub plugins: Vec<String>,
}
