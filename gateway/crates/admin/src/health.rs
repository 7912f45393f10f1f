//! Whether the process, its store and its deployments answer.

use serde_json::{Map, Value, json};

use crate::envelope::AdminResponse;
use crate::ports::{Endpoint, HealthReport};

pub(crate) fn liveness() -> AdminResponse {
    AdminResponse::json(200, &"I'm alive!")
}

pub(crate) fn readiness(store_connected: bool) -> AdminResponse {
    if store_connected {
        AdminResponse::json(200, &json!({ "status": "healthy", "db": "connected" }))
    } else {
        AdminResponse::json(503, &json!({ "status": "unhealthy", "db": "disconnected" }))
    }
}

/// How much of a deployment is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything: for administrators.
    Whole,
    /// Neither where it is nor what it said.
    NameOnly,
}

pub(crate) fn report(report: &HealthReport, detail: Detail) -> AdminResponse {
    let show = |endpoints: &[Endpoint]| -> Vec<Value> {
        endpoints.iter().map(|endpoint| endpoint_json(endpoint, detail)).collect()
    };
    AdminResponse::json(
        200,
        &json!({
            "healthy_endpoints": show(&report.healthy),
            "unhealthy_endpoints": show(&report.unhealthy),
            "healthy_count": report.healthy.len(),
            "unhealthy_count": report.unhealthy.len(),
        }),
    )
}

fn endpoint_json(endpoint: &Endpoint, detail: Detail) -> Value {
    let mut shown = Map::new();
    shown.insert("model".into(), json!(endpoint.model));
    shown.insert("model_id".into(), json!(endpoint.model_id));
    if detail == Detail::Whole {
        if let Some(base) = &endpoint.api_base {
            shown.insert("api_base".into(), json!(without_credentials(base)));
        }
        if let Some(error) = &endpoint.error {
            shown.insert("error".into(), json!(tollgate_telemetry::redact(error)));
        }
    }
    Value::Object(shown)
}

/// A URL without its user, its password and its query.
fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn urls_lose_what_could_be_a_secret_and_nothing_else() {
        for (url, shown) in [
            ("https://api.example.com/v1", "https://api.example.com/v1"),
            ("https://u:p@h:8443/v1/x@y?key=1#z", "https://h:8443/v1/x@y"),
            ("https://u:p@q@h", "https://h"),
            ("h/v1?k", "h/v1"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
