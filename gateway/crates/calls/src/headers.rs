//! The headers of an answer to a model call, as LiteLLM's clients know them.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tollgate_domain::{Admission, CallId, Charge, NanoUsd, Principal, UnixMillis};

use crate::deployment::{Deployment, Routed};
use crate::exchange::ResponseHead;
use crate::ids::CorrelationId;
use crate::refusal::Refusal;

/// Upstream headers that belong to the connection or are of no business of the client.
const NOT_ECHOED: [&str; 8] = [
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "set-cookie",
    "proxy-authenticate",
];
const TOLLGATE_CALL_ID: HeaderName = HeaderName::from_static("x-tollgate-call-id");
const LITELLM_CALL_ID: HeaderName = HeaderName::from_static("x-litellm-call-id");

/// Collects an answer's headers. Values that HTTP cannot carry are left out.
pub(crate) struct Headers(Vec<(HeaderName, HeaderValue)>);

// === impl Headers ===

impl Headers {
    /// Begins with what every answer to a model call carries.
    pub(crate) fn new(call: CallId, correlation: Option<&CorrelationId>) -> Self {
        let mut headers = Self(Vec::with_capacity(32));
        let id = call.to_string();
        headers.put(LITELLM_CALL_ID, correlation.map_or(id.as_str(), CorrelationId::as_str));
        headers.put(TOLLGATE_CALL_ID, &id);
        headers
    }

    pub(crate) fn json(&mut self) {
        self.0.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    }

    pub(crate) fn event_stream(&mut self) {
        let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
        self.0.push((header::CONTENT_TYPE, kind));
        self.0.push((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
        self.put(HeaderName::from_static("x-accel-buffering"), "no");
    }

    /// Which deployment answered, and how the call came to it.
    pub(crate) fn routed(&mut self, routed: &Routed) {
        let deployment = &routed.deployment;
        self.put(HeaderName::from_static("x-litellm-model-id"), &deployment.id);
        self.put(HeaderName::from_static("x-litellm-model-name"), &deployment.public_model);
        if let Some(base) = &deployment.api_base {
            self.put(HeaderName::from_static("x-litellm-model-api-base"), base);
        }
        self.put(HeaderName::from_static("x-litellm-model-group"), &routed.name);
        let retries = HeaderName::from_static("x-litellm-attempted-retries");
        self.number(retries, u64::from(routed.retries));
        let fallbacks = HeaderName::from_static("x-litellm-attempted-fallbacks");
        self.number(fallbacks, u64::from(routed.fallbacks));
    }

    /// Parameters of the client that the provider was not sent.
    pub(crate) fn dropped(&mut self, dropped: &[String]) {
        if !dropped.is_empty() {
            let name = HeaderName::from_static("x-tollgate-dropped-params");
            self.put(name, &dropped.join(", "));
        }
    }

    /// Another kind of body than JSON.
    pub(crate) fn content_type(&mut self, kind: HeaderValue) {
        self.0.retain(|(name, _)| *name != header::CONTENT_TYPE);
        self.0.push((header::CONTENT_TYPE, kind));
    }

    /// How long a deployment had for an answer that did not come well.
    pub(crate) fn timeout(&mut self, deployment: &Deployment) {
        let seconds = deployment.timeout.as_secs_f64();
        self.put(HeaderName::from_static("x-litellm-timeout"), &format!("{seconds:?}"));
    }

    /// The caller's limits, what is left of them, and what is spent.
    pub(crate) fn limits(
        &mut self,
        principal: &Principal,
        admission: &Admission,
        spent: Option<NanoUsd>,
    ) {
        if let Some(limit) = principal.limits.requests_per_minute {
            self.number(HeaderName::from_static("x-litellm-key-rpm-limit"), limit);
        }
        if let Some(budget) = principal.limits.max_budget {
            self.usd(HeaderName::from_static("x-litellm-key-max-budget"), budget);
        }
        if let Some(spent) = spent {
            self.usd(HeaderName::from_static("x-litellm-key-spend"), spent);
        }
        for allowance in &admission.allowances {
            let name = |part| format!("x-ratelimit-api_key-{part}-{}", allowance.kind);
            self.named(&name("limit"), &allowance.limit.to_string());
            self.named(&name("remaining"), &allowance.remaining.to_string());
        }
    }

    /// What the call cost. A stream's head is sent before that is known.
    pub(crate) fn cost(&mut self, charge: &Charge) {
        self.usd(HeaderName::from_static("x-litellm-response-cost"), charge.amount);
        self.usd(HeaderName::from_static("x-litellm-response-cost-input"), charge.input);
        self.usd(HeaderName::from_static("x-litellm-response-cost-output"), charge.output);
        self.usd(HeaderName::from_static("x-litellm-response-cost-cache-read"), charge.cached);
    }

    /// The provider's own headers under a prefix; its rate limits also without one.
    pub(crate) fn provider(&mut self, upstream: &HeaderMap, deployment: &Deployment) {
        let is_secret = |value: &HeaderValue| {
            let text = value.to_str().unwrap_or_default();
            deployment.wallet.masked(text.to_owned()) != text
        };
        for (name, value) in upstream {
            if NOT_ECHOED.contains(&name.as_str()) || is_secret(value) {
                continue;
            }
            if let Ok(prefixed) = HeaderName::try_from(format!("llm_provider-{name}")) {
                self.0.push((prefixed, value.clone()));
            }
            if name.as_str().starts_with("x-ratelimit-") {
                self.0.push((name.clone(), value.clone()));
            }
        }
    }

    /// What a refusal says beside its body.
    pub(crate) fn refusal(&mut self, refusal: &Refusal) {
        if let Some(seconds) = refusal.retry_after {
            self.number(header::RETRY_AFTER, seconds);
        }
        if let Some(hit) = &refusal.limit {
            self.put(HeaderName::from_static("rate_limit_type"), &hit.kind);
            self.put(HeaderName::from_static("reset_at"), &utc(hit.resets_at));
            self.number(HeaderName::from_static("x-litellm-key-rpm-limit"), hit.limit);
        }
        if refusal.status == 401 {
            self.put(header::WWW_AUTHENTICATE, "Bearer");
        }
    }

    pub(crate) fn with_status(self, status: u16) -> ResponseHead {
        ResponseHead { status, headers: self.0 }
    }

    fn usd(&mut self, name: HeaderName, amount: NanoUsd) {
        self.put(name, &serde_json::Value::from(amount.as_usd()).to_string());
    }

    fn number(&mut self, name: HeaderName, number: u64) {
        self.0.push((name, HeaderValue::from(number)));
    }

    fn named(&mut self, name: &str, value: &str) {
        if let Ok(name) = HeaderName::try_from(name) {
            self.put(name, value);
        }
    }

    fn put(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.push((name, value));
        }
    }
}

/// A time to the second, as LiteLLM writes it.
fn utc(at: UnixMillis) -> String {
    let seconds = i64::try_from(at.div_ceil(1000)).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
