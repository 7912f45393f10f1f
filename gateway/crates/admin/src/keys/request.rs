//! What may be said about a key, in `/key/generate` and `/key/update`.

use serde_json::{Map, Value, json};
use tollgate_domain::NanoUsd;

use crate::envelope::AdminResponse;
use crate::fields::{Fields, Given, Mistake, count, flag, list, money, object, text, texts};

/// Type of a field that is only stored.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Count,
    Money,
    Flag,
    Object,
    List,
}

/// Fields that are stored and shown, and that nothing in Tollgate acts on.
const STORED: &[(&str, Kind)] = &[
    ("agent_id", Kind::Text),
    ("aliases", Kind::Object),
    ("allowed_cache_controls", Kind::List),
    ("allowed_passthrough_routes", Kind::List),
    ("allowed_routes", Kind::Texts),
    ("allowed_vector_store_indexes", Kind::List),
    ("access_group_ids", Kind::Texts),
    ("auto_rotate", Kind::Flag),
    ("budget_duration", Kind::Text),
    ("budget_fallbacks", Kind::Object),
    ("budget_id", Kind::Text),
    ("budget_limits", Kind::List),
    ("config", Kind::Object),
    ("default_estimated_output_tokens", Kind::Count),
    ("default_estimated_output_tokens_per_model", Kind::Object),
    ("denied_passthrough_routes", Kind::List),
    ("disable_global_guardrails", Kind::Flag),
    ("enable_prompt_caching", Kind::Flag),
    ("end_user_budget_id", Kind::Text),
    ("enforced_params", Kind::Texts),
    ("guardrails", Kind::Texts),
    ("key_type", Kind::Text),
    ("max_parallel_requests", Kind::Count),
    ("mcp_rpm_limit", Kind::Object),
    ("metadata", Kind::Object),
    ("model_max_budget", Kind::Object),
    ("model_rpm_limit", Kind::Object),
    ("model_tpm_limit", Kind::Object),
    ("object_permission", Kind::Object),
    ("organization_id", Kind::Text),
    ("permissions", Kind::Object),
    ("policies", Kind::Texts),
    ("project_id", Kind::Text),
    ("prompts", Kind::Texts),
    ("rotation_interval", Kind::Text),
    ("router_settings", Kind::Object),
    ("rpm_limit_type", Kind::Text),
    ("soft_budget", Kind::Money),
    ("tag_rpm_limit", Kind::Object),
    ("tags", Kind::Texts),
    ("throttle_on_budget_exceeded", Kind::Flag),
    ("tpd_limit", Kind::Count),
    ("tpm_limit", Kind::Count),
    ("tpm_limit_type", Kind::Text),
];

/// Stored fields that ask for nothing, so that there is nothing to enforce.
const NOTES_ONLY: &[&str] = &["metadata"];

/// So many ignored fields are named; the rest is counted by nobody.
const NAMED_MAX: usize = 32;

/// What a client said about a key.
pub(super) struct Wishes {
    pub(super) alias: Given<String>,
    pub(super) duration: Given<String>,
    pub(super) models: Given<Vec<String>>,
    pub(super) spend: Given<NanoUsd>,
    pub(super) max_budget: Given<NanoUsd>,
    pub(super) rpm_limit: Given<u64>,
    pub(super) user_id: Given<String>,
    pub(super) team_id: Given<String>,
    pub(super) blocked: Given<bool>,
    /// Fields that are only stored, null where null was given.
    pub(super) extra: Map<String, Value>,
}

/// What a client asked for and does not get. Told in headers and in the log.
#[derive(Default)]
pub(super) struct Unmet {
    not_enforced: Vec<String>,
    ignored: Vec<String>,
}

// === impl Wishes ===

impl Wishes {
    /// Reads all fields that may be set.
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            alias: without_empty(fields.take("key_alias", text)),
            duration: fields.take("duration", text),
            // Forms split an empty text into one empty name.
            models: fields.take("models", texts).map(|models| {
                models.map(|names| names.into_iter().filter(|name| !name.is_empty()).collect())
            }),
            spend: fields.take("spend", money),
            max_budget: fields.take("max_budget", money),
            rpm_limit: fields.take("rpm_limit", count),
            user_id: fields.take("user_id", text),
            team_id: fields.take("team_id", text),
            blocked: fields.take("blocked", flag),
            extra: STORED
                .iter()
                .filter_map(|(name, kind)| {
                    let value = fields.take(name, |value| check(*kind, value))?;
                    Some(((*name).to_owned(), value.unwrap_or(Value::Null)))
                })
                .collect(),
        }
    }
}

fn without_empty(given: Given<String>) -> Given<String> {
    given.map(|text| text.filter(|text| !text.is_empty()))
}

/// The value as it is stored.
fn check(kind: Kind, value: &Value) -> Result<Value, Mistake> {
    match kind {
        Kind::Text => text(value).map(Value::from),
        Kind::Texts => texts(value).map(Value::from),
        Kind::Count => count(value).map(Value::from),
        Kind::Money => money(value).map(|amount| json!(amount.as_usd())),
        Kind::Flag => flag(value).map(Value::from),
        Kind::Object => object(value).map(Value::from),
        Kind::List => list(value).cloned().map(Value::from),
    }
}

// === impl Unmet ===

impl Unmet {
    /// Of a request about a key.
    pub(super) fn of(wishes: &Wishes, ignored: Vec<String>) -> Self {
        let asked = wishes.extra.iter().filter(|(name, value)| asks(name, value));
        Self { not_enforced: asked.map(|(name, _)| name.clone()).collect(), ignored }
    }

    /// Of a request whose only fault is fields that nobody knows.
    pub(super) fn ignored(ignored: Vec<String>) -> Self {
        Self { not_enforced: Vec::new(), ignored }
    }

    /// Adds it to a response, and to the log.
    pub(super) fn tell(self, mut response: AdminResponse) -> AdminResponse {
        if !self.not_enforced.is_empty() {
            let names = self.not_enforced.join(", ");
            log::warn!("stored with a key, but not enforced: {names}");
            response = response.with_header("x-tollgate-not-enforced", names);
        }
        let ignored = printable(self.ignored);
        if !ignored.is_empty() {
            log::warn!("fields of a key request that were ignored: {ignored}");
            response = response.with_header("x-tollgate-ignored-fields", ignored);
        }
        response
    }
}

/// Whether a stored value asks for something to be done.
fn asks(name: &str, value: &Value) -> bool {
    let empty = match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        // Keys have no rights but to call models, and these types ask for no more.
        Value::String(text) if name == "key_type" => text == "default" || text == "llm_api",
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    !empty && !NOTES_ONLY.contains(&name)
}

/// Names that a client made up, safe in a header.
fn printable(names: Vec<String>) -> String {
    let safe = |name: &String| {
        name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    let names: Vec<_> = names
        .into_iter()
        .take(NAMED_MAX)
        .map(|name| if safe(&name) { name } else { "?".to_owned() })
        .collect();
    names.join(", ")
}
