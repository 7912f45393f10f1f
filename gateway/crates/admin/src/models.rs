//! The list of models, in OpenAI's shape.

use serde::Serialize;
use serde_json::json;
use tollgate_domain::Principal;

use crate::envelope::{AdminResponse, detail};

/// The time that LiteLLM gives for every model.
const CREATED: u64 = 1_677_610_602;

/// Names in a key's list of models that stand for all of them.
const ALL_MODELS: &[&str] = &["all-proxy-models", "*"];

/// A model group of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// Its name.
    pub id: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

/// The models that a principal may call.
pub(crate) fn list(models: &[ModelEntry], principal: &Principal) -> AdminResponse {
    let data: Vec<_> = models.iter().filter(|model| may_call(principal, model)).map(show).collect();
    AdminResponse::json(200, &json!({ "data": data, "object": "list" }))
}

/// One of them. One that may not be called looks like one that is not there.
pub(crate) fn one(models: &[ModelEntry], principal: &Principal, id: &str) -> AdminResponse {
    match models.iter().find(|model| model.id == id && may_call(principal, model)) {
        Some(model) => AdminResponse::json(200, &show(model)),
        None => detail(404, json!(format!("The model `{id}` does not exist or is not accessible"))),
    }
}

fn may_call(principal: &Principal, model: &ModelEntry) -> bool {
    let named = |name: &String| *name == model.id || ALL_MODELS.contains(&name.as_str());
    principal.models.is_empty() || principal.models.iter().any(named)
}

fn show(model: &ModelEntry) -> Shown<'_> {
    Shown { id: &model.id, object: "model", created: CREATED, owned_by: "openai" }
}
