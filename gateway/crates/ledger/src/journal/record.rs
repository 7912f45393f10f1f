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
    /// On whose account it is, beside the key's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub account: Account,
}

/// Whom a call is put down to, beside its key, user and team. Records of older versions have none
/// of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The organization that the key or its team belongs to.
    pub organization_id: Option<String>,
    /// The customer: the end user that the client names.
    pub customer_id: Option<String>,
    /// Tags, from the key and the request.
    pub tags: Vec<String>,
    /// The client's address, where it may be kept.
    pub client_address: Option<String>,
}

/// How a call was served. Records of older versions have none of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// The model that the provider says it used.
    pub model: Option<String>,
    /// Deployments and retries that were tried, at least one.
    pub attempts: u16,
    /// Whether another model than the one that was asked for had to answer.
    pub fallback: bool,
    /// When the first token of the answer arrived.
    pub first_token_at: Option<UnixMillis>,
}

// === impl Service ===

impl Default for Service {
    fn default() -> Self {
        Self { model: None, attempts: 1, fallback: false, first_token_at: None }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
    /// How it was served.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: Service,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first version wrote it.
    const OLD: &str = r#"{"opened":{"call":"0189abcd-0000-7000-8000-000000000001",
        "client_call_id":null,"key_id":"k","key_alias":null,"user_id":null,"team_id":null,
        "route":"/v1/chat/completions","dialect":"openai-chat","model":"m","deployment":"d",
        "provider":"p","upstream_model":"u","stream":true,"reserved":9,"started_at":1},
        "ending":"success","status":200,"error":null,"usage":{"known":"reported","usage":
        {"input":1,"output":2,"cached_input":0,"cache_write":0,"reasoning":0}},"charge":
        {"amount":3,"input":1,"cached":0,"output":2,"pricing":{"priced":"v"}},
        "first_byte_at":2,"ended_at":3,"plugins":[]}"#;

    #[test]
    fn records_of_the_first_version_are_read_and_ones_with_nothing_new_look_like_them() {
        let settled: Settled = serde_json::from_str(OLD).unwrap();
        assert_eq!(settled.opened.account, Account::default());
        assert_eq!((settled.service.attempts, settled.service.fallback), (1, false));
        assert_eq!(settled.usage.usage().audio_input, 0);
        let written = serde_json::to_value(&settled).unwrap();
        assert!(written.get("service").is_none() && written["opened"].get("account").is_none());
    }
}
