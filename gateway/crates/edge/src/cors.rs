//! Which pages of other origins may call from a browser: an allow-list. What is not on it gets no
//! permission, whatever the upstream says.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tollgate_config::Cors;

use crate::fields::{Fields, vary};

/// How long a browser keeps the permission unless the file says otherwise, as LiteLLM has it.
const MAX_AGE: Duration = Duration::from_secs(600);
/// The methods of the gateway's own routes and of what stands behind it.
const METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
/// Permissions, which only the list gives.
const GRANTS: [HeaderName; 5] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// An allow-list.
#[derive(Clone, Debug)]
pub(crate) struct AllowList {
    origins: Vec<String>,
    all: bool,
    credentials: bool,
    max_age: HeaderValue,
}

/// The answer to a browser that asks before it calls.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Preflight {
    /// It may, under these headers; the origin's own are added as to every answer.
    Allowed(Vec<(HeaderName, HeaderValue)>),
    /// It may not.
    Refused,
}

// === impl AllowList ===

impl AllowList {
    pub(crate) fn new(cors: &Cors) -> Self {
        let all = cors.origins.iter().any(|origin| origin == "*");
        Self {
            origins: cors.origins.clone(),
            all,
            // Any page could act as its visitors; the configuration refuses it as well.
            credentials: cors.credentials && !all,
            max_age: HeaderValue::from(cors.max_age.unwrap_or(MAX_AGE).as_secs()),
        }
    }

    /// The answer, if this is a browser's question and somebody may call at all.
    pub(crate) fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<Preflight> {
        let wanted = header::ACCESS_CONTROL_REQUEST_METHOD;
        if method != Method::OPTIONS || self.origins.is_empty() || !request.contains_key(wanted) {
            return None;
        }
        let origin = request.get(header::ORIGIN)?;
        if !self.allows(origin) {
            return Some(Preflight::Refused);
        }
        let mut answer = vec![
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone()),
        ];
        // Which headers matter is known behind the gateway; those that are asked for are allowed.
        if let Some(names) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.push((header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone()));
        }
        Some(Preflight::Allowed(answer))
    }

    /// Takes back what an upstream allows.
    pub(crate) fn take_back(answer: &mut impl Fields) {
        for name in GRANTS {
            if answer.map().contains_key(&name) {
                answer.remove(&name);
            }
        }
    }

    /// Gives an answer the permission that the list has for the origin.
    pub(crate) fn grant(&self, answer: &mut impl Fields, origin: Option<&HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        if !self.all {
            // Caches must not give one page's answer to another.
            vary(answer, &header::ORIGIN, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else { return };
        let any = HeaderValue::from_static("*");
        let allowed = if self.all { any } else { origin.clone() };
        answer.set(&header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            answer.set(&header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }

    /// Whether calls of this origin carry cookies.
    pub(crate) fn lets_cookies_pass(&self, origin: Option<&HeaderValue>) -> bool {
        self.credentials && origin.is_some_and(|origin| self.allows(origin))
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        // Browsers write origins in lower case and without the usual port, as the list has them.
        self.all || self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }
}

#[cfg(test)]
mod tests;
