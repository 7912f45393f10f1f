//! What the edge hands requests to.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_admin::{Access, Admin, AdminRequest, AdminResponse, Route};
use tollgate_calls::{BodyError, Exchange, Pipeline};
use tollgate_domain::{CallId, Denial, Principal, UnixMillis, unix_now};
use tollgate_host::{Authenticator, Head, Ran};
use tollgate_telemetry::{AccessLog, AccessRecord, Metrics, Surface};

/// Management requests are small; a longer body is refused.
const ADMIN_BODY_BYTES_MAX: usize = 1 << 20;

/// The parts of the gateway behind the edge.
pub struct Gate {
    /// Serves model calls.
    pub pipeline: Arc<Pipeline>,
    /// Serves everything else of Tollgate's own.
    pub admin: Admin,
    /// Says who calls, for routes that are not public.
    pub authenticator: Arc<Authenticator>,
    /// The closed set of metrics.
    pub metrics: Arc<Metrics>,
    /// A line for each request.
    pub access: Arc<AccessLog>,
}

impl Gate {
    /// Who sent a request; the refusal to answer with if that cannot be said.
    pub(crate) async fn authenticate(&self, head: Arc<Head>) -> Result<Principal, Denial> {
        let failed = |message: &str| Denial {
            status: 500,
            kind: "internal_server_error".to_owned(),
            message: message.to_owned(),
            param: None,
            limit: None,
        };
        match self.authenticator.authenticate(head).await {
            Ran::Value(principal) => Ok(principal),
            Ran::Refused(denial) => Err(denial),
            Ran::Trapped(_) | Ran::Exceeded(_) => {
                Err(failed("The gateway's authentication policy failed."))
            }
        }
    }

    /// Serves a route of the management API.
    pub(crate) async fn admin(
        &self,
        route: Route,
        query: Option<&str>,
        exchange: &mut dyn Exchange,
    ) -> AdminResponse {
        let head = Arc::clone(exchange.head());
        let principal = match self.admin.access(route) {
            Access::Public => None,
            Access::AnyKey | Access::Scope(_) => match self.authenticate(Arc::clone(&head)).await {
                Ok(principal) => Some(principal),
                Err(denial) => {
                    let own = Admin::unauthenticated(route).filter(|_| denial.status == 401);
                    return own.unwrap_or_else(|| AdminResponse::denial(&denial));
                }
            },
        };
        let body = match exchange.body(ADMIN_BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => return AdminResponse::denial(&body_denial(error)),
        };
        let request = AdminRequest {
            method: head.method(),
            path: head.path(),
            query,
            body: &body,
            principal: principal.as_ref(),
        };
        self.admin.handle(route, request).await
    }

    /// Metrics and the access log of a request that is no model call.
    pub(crate) fn record(&self, seen: &Seen<'_>) {
        self.metrics.request(seen.surface, seen.status);
        self.access.write(&AccessRecord {
            time: seen.at,
            call_id: &CallId::generate().to_string(),
            method: seen.method,
            route: seen.route,
            status: seen.status,
            duration_ms: unix_now().saturating_sub(seen.at),
            client: seen.client,
            bytes_in: seen.bytes_in,
            bytes_out: seen.bytes_out,
            ..AccessRecord::default()
        });
    }
}

/// A request that was answered, for the record.
pub(crate) struct Seen<'a> {
    pub(crate) method: &'a str,
    pub(crate) client: Option<IpAddr>,
    pub(crate) surface: Surface,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) at: UnixMillis,
    /// Of the bodies, both ways.
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

fn body_denial(error: BodyError) -> Denial {
    let status = match error {
        BodyError::TooLarge => 413,
        BodyError::TimedOut => 408,
        BodyError::Malformed | BodyError::Gone(_) => 400,
    };
    Denial {
        status,
        kind: "invalid_request_error".to_owned(),
        message: error.to_string(),
        param: None,
        limit: None,
    }
}
