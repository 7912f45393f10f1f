//! `edge.limits`: what a client may not exceed.

use std::time::Duration;

use super::PLANNED;
use crate::config::EdgeLimits;
use crate::reader::Field;

/// Less does not hold the headers of a browser; more is beyond what servers behind take.
const HEADER_BYTES: std::ops::RangeInclusive<u64> = 1 << 10..=1 << 20;
/// Bounds of counts on one connection.
const PER_CONNECTION_MAX: u64 = 10_000;
/// More connections than this one process does not hold.
const CONNECTIONS_MAX: u64 = 1_000_000;

pub(super) fn read(field: &Field<'_>) -> EdgeLimits {
    let default = EdgeLimits::default();
    let Some(mut section) = field.section() else { return default };
    let header_bytes = section.take("header_bytes").size(HEADER_BYTES);
    let header_count = section.take("header_count").whole(1..=PER_CONNECTION_MAX);
    let per_client = section.take("connections_per_client").whole(0..=CONNECTIONS_MAX);
    let mut time = |key, default: Duration| section.take(key).duration().unwrap_or(default);
    let limits = EdgeLimits {
        header_bytes: header_bytes.unwrap_or(default.header_bytes),
        header_count: fitting(header_count, default.header_count),
        header_timeout: time("header_timeout", default.header_timeout),
        idle_timeout: time("idle_timeout", default.idle_timeout),
        body_timeout: time("body_timeout", default.body_timeout),
        request_timeout: time("request_timeout", default.request_timeout),
        handshake_timeout: time("handshake_timeout", default.handshake_timeout),
        drain_delay: time("drain_delay", default.drain_delay),
        drain_timeout: time("drain_timeout", default.drain_timeout),
        body_rate: fitting(
            section.take("body_rate").whole(0..=u64::from(u32::MAX)),
            default.body_rate,
        ),
        connections: section.take("connections").count().unwrap_or(default.connections),
        connections_per_client: fitting(per_client, default.connections_per_client),
        h2_streams: fitting(
            section.take("h2_streams").whole(1..=PER_CONNECTION_MAX),
            default.h2_streams,
        ),
        h2_resets: fitting(
            section.take("h2_resets").whole(1..=PER_CONNECTION_MAX),
            default.h2_resets,
        ),
    };
    section.close(PLANNED);
    limits
}

fn fitting<T: TryFrom<u64>>(value: Option<u64>, default: T) -> T {
    value.and_then(|value| T::try_from(value).ok()).unwrap_or(default)
}
