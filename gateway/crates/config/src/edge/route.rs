//! Routes: what answers below a path.

use std::time::Duration;

use super::{PLANNED, Taken, address, claim, items};
use crate::config::{HealthCheck, Route, ServerAddress, Target};
use crate::reader::Field;
use crate::section::Section;

/// Time between two questions to a server, as load balancers commonly have it.
const HEALTH_INTERVAL: Duration = Duration::from_secs(10);
/// The largest body that can be asked for: a disk image.
const BODY_BYTES_MAX: u64 = 1 << 40;
const PATH: &str = "a path such as /api, without `..`, query or blanks";

pub(super) fn read(mut row: Section<'_>, taken: &mut Taken) -> Option<Route> {
    let path_field = row.take("path").required();
    let path = path_field.parsed(PATH, address::path);
    let to = target(&row.take("to").required());
    let fields = ["public", "connect_timeout", "read_timeout", "http2", "body_bytes"];
    let [public, connect_timeout, read_timeout, http2, body_bytes] =
        fields.map(|key| row.take(key));
    let health = row.take("health_check");
    row.close(PLANNED);
    if matches!(to, Some(Target::Models | Target::Admin | Target::Gateway)) {
        let only_servers = [&public, &connect_timeout, &read_timeout, &http2, &body_bytes, &health];
        for field in only_servers.into_iter().filter(|field| field.is_present()) {
            field.notice("no effect: only routes to servers have it");
        }
    }
    let route = Route {
        path: path.clone().unwrap_or_default(),
        to: to.clone().unwrap_or(Target::Gateway),
        public: public.flag().unwrap_or(false),
        connect_timeout: connect_timeout.duration(),
        read_timeout: read_timeout.duration(),
        http2: http2.flag().unwrap_or(false),
        body_bytes: body_bytes.size(0..=BODY_BYTES_MAX),
        health_check: health.section().and_then(health_check),
    };
    claim(taken, &path?, &path_field);
    to.map(|_| route)
}

fn health_check(mut section: Section<'_>) -> Option<HealthCheck> {
    let path = section.take("path").required().parsed(PATH, address::path);
    let interval = section.take("interval").duration().unwrap_or(HEALTH_INTERVAL);
    section.close(PLANNED);
    Some(HealthCheck { path: path?, interval })
}

fn target(field: &Field<'_>) -> Option<Target> {
    if field.is_list() {
        let mut taken = Taken::new();
        let mut servers = Vec::new();
        for item in items(field) {
            let Some(text) = item.text() else { continue };
            let server = server(&item, &text)?;
            claim(&mut taken, &text, &item);
            servers.push(server);
        }
        return (!servers.is_empty()).then_some(Target::Servers(servers));
    }
    let text = field.text()?;
    match text.as_str() {
        "models" => Some(Target::Models),
        "admin" => Some(Target::Admin),
        "gateway" => Some(Target::Gateway),
        address => Some(Target::Servers(vec![server(field, address)?])),
    }
}

fn server(field: &Field<'_>, text: &str) -> Option<ServerAddress> {
    match address::server(text) {
        Ok(server) => Some(server),
        Err(why) => {
            let expected = "expected models, admin, gateway or servers' addresses";
            field.mistake(format!("{expected}; {why}"));
            None
        }
    }
}
