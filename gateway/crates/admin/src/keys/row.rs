//! Keys as JSON, with all fields that LiteLLM's clients may look for.

use serde_json::{Map, Value, json};
use tollgate_domain::{NanoUsd, UnixMillis};

use crate::book::StoredKey;

/// How times are written: LiteLLM has two ways.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// `…Z`
    Zulu,
    /// `…+00:00`
    Offset,
}

/// Fields of a new key that are null unless they were given.
const NEW_NULL: &[&str] = &[
    "agent_id",
    "allowed_passthrough_routes",
    "allowed_vector_store_indexes",
    "budget_duration",
    "budget_id",
    "budget_limits",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "denied_passthrough_routes",
    "disable_global_guardrails",
    "duration",
    "enable_prompt_caching",
    "end_user_budget_id",
    "enforced_params",
    "guardrails",
    "max_parallel_requests",
    "mcp_rpm_limit",
    "model_rpm_limit",
    "model_tpm_limit",
    "object_permission",
    "organization_id",
    "policies",
    "project_id",
    "prompts",
    "rpm_limit_type",
    "tag_rpm_limit",
    "tags",
    "throttle_on_budget_exceeded",
    "tpd_limit",
    "tpm_limit",
    "tpm_limit_type",
];

/// Columns of a stored key that are null unless they were given.
const STORED_NULL: &[&str] = &[
    "agent_id",
    "budget_duration",
    "budget_id",
    "budget_limits",
    "budget_reset_at",
    "jwt_key_mappings",
    "key_rotation_at",
    "last_active",
    "last_rotation_at",
    "litellm_organization_table",
    "litellm_project_table",
    "max_parallel_requests",
    "object_permission",
    "object_permission_id",
    "organization_id",
    "project_id",
    "rotation_interval",
    "settings_updated_at",
    "tpd_limit",
    "tpm_limit",
];

const EMPTY_OBJECT: &[&str] = &[
    "aliases",
    "budget_fallbacks",
    "config",
    "metadata",
    "model_max_budget",
    "permissions",
    "router_settings",
];

const EMPTY_LIST: &[&str] = &["access_group_ids", "allowed_cache_controls", "allowed_routes"];

/// Columns of a budget row that Tollgate never fills.
const BUDGET_NULL: &[&str] = &[
    "budget_duration",
    "budget_reset_at",
    "end_users",
    "keys",
    "max_budget",
    "max_parallel_requests",
    "model_access_groups",
    "organization",
    "organization_membership",
    "projects",
    "rpm_limit",
    "tags",
    "team_membership",
    "temp_budget_expiry",
    "temp_budget_increase",
    "tpd_limit",
    "tpm_limit",
];

/// The answer to `/key/generate`: the only place where the key itself is written.
pub(super) fn new_key(stored: &StoredKey, key: &str) -> Map<String, Value> {
    let mut row = defaults(NEW_NULL);
    fill(&mut row, stored, stored.spend, Times::Zulu);
    let hash = stored.hash.to_string();
    row.insert("key".into(), json!(key));
    row.insert("token_id".into(), json!(hash));
    row.insert("token".into(), json!(hash));
    row
}

/// A key as it is shown later, without its hash.
pub(super) fn stored_key(stored: &StoredKey, spent: NanoUsd, times: Times) -> Map<String, Value> {
    let mut row = defaults(STORED_NULL);
    for (name, value) in [
        ("model_spend", json!({})),
        ("policies", json!([])),
        ("soft_budget_cooldown", json!(false)),
        ("auto_rotate", json!(false)),
        ("rotation_count", json!(0)),
        ("total_spend", json!(spent.as_usd())),
    ] {
        row.insert(name.into(), value);
    }
    fill(&mut row, stored, spent, times);
    row
}

/// What a key's state is called.
pub(super) fn status(stored: &StoredKey, now: UnixMillis) -> &'static str {
    if stored.blocked == Some(true) {
        "blocked"
    } else if stored.expires.is_some_and(|expires| expires <= now) {
        "expired"
    } else {
        "active"
    }
}

fn defaults(null: &[&str]) -> Map<String, Value> {
    let null = null.iter().map(|name| (*name, Value::Null));
    let objects = EMPTY_OBJECT.iter().map(|name| (*name, json!({})));
    let lists = EMPTY_LIST.iter().map(|name| (*name, json!([])));
    let rest = [("key_type", json!("default"))];
    null.chain(objects)
        .chain(lists)
        .chain(rest)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn fill(row: &mut Map<String, Value>, stored: &StoredKey, spent: NanoUsd, times: Times) {
    for (name, value) in &stored.extra {
        // Only fields that the row has anyway: what is stored adds none.
        if let (Some(place), false) = (row.get_mut(name), value.is_null()) {
            *place = value.clone();
        }
    }
    let time = |millis| json!(time(millis, times));
    for (name, value) in [
        ("key_name", json!(stored.name)),
        ("key_alias", json!(stored.alias)),
        ("user_id", json!(stored.user_id)),
        ("team_id", json!(stored.team_id)),
        ("models", json!(stored.models)),
        ("spend", json!(spent.as_usd())),
        ("max_budget", json!(stored.max_budget.map(NanoUsd::as_usd))),
        ("rpm_limit", json!(stored.rpm_limit)),
        ("blocked", json!(stored.blocked)),
        ("expires", stored.expires.map_or(Value::Null, time)),
        ("created_at", time(stored.created_at)),
        ("created_by", json!(stored.created_by)),
        ("updated_at", time(stored.updated_at)),
        ("updated_by", json!(stored.updated_by)),
        ("litellm_budget_table", budget(stored, times)),
    ] {
        row.insert(name.into(), value);
    }
}

/// The row that LiteLLM keeps for a key's soft budget.
fn budget(stored: &StoredKey, times: Times) -> Value {
    let Some(soft_budget) = stored.extra.get("soft_budget").filter(|soft| !soft.is_null()) else {
        return Value::Null;
    };
    let mut row: Map<_, _> =
        BUDGET_NULL.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    for (name, value) in [
        ("budget_id", stored.extra.get("budget_id").cloned().unwrap_or_default()),
        ("soft_budget", soft_budget.clone()),
        ("model_max_budget", json!({})),
        ("allowed_models", json!([])),
        ("created_at", json!(time(stored.created_at, times))),
        ("created_by", json!(stored.created_by)),
        ("updated_at", json!(time(stored.created_at, times))),
        ("updated_by", json!(stored.created_by)),
    ] {
        row.insert(name.into(), value);
    }
    Value::Object(row)
}

/// ISO 8601 in UTC with microseconds.
fn time(millis: UnixMillis, times: Times) -> String {
    let timestamp = i64::try_from(millis)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let zulu = format!("{timestamp:.6}");
    match times {
        Times::Zulu => zulu,
        Times::Offset => format!("{}+00:00", zulu.trim_end_matches('Z')),
    }
}
