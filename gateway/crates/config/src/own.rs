//! Tollgate's own sections but `edge`: `plugins`, `limits`, `journal` and `upstream`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Journal, Limits, Plugin, Plugins, Upstream};
use crate::providers::{EMBEDDED_PROVIDERS, is_embedded};
use crate::reader::Field;
use crate::section::Section;

/// Instances are renewed at the latest after this many calls.
const REUSE_MAX: u64 = 1_000_000;

/// More calls than this during one call of a component are a loop.
const HOST_CALLS_MAX: u64 = 1_000_000;

/// One page of WebAssembly memory: less cannot be had.
const MEMORY_MIN: u64 = 64 << 10;

/// The most memory that the host's pool sets aside per instance.
const MEMORY_MAX: u64 = 64 << 20;

/// Bodies, events and answers are held in memory; a gigabyte is beyond what any provider sends.
const BYTES_MAX: u64 = 1 << 30;

/// Smaller bodies cannot hold a request.
const BYTES_MIN: u64 = 1 << 10;

/// Reads `plugins`.
pub(crate) fn plugins(field: &Field<'_>) -> Plugins {
    let mut plugins = Plugins {
        code_cache: true,
        authenticator: Plugin::default(),
        limiter: Plugin::default(),
        meter: Plugin::default(),
        providers: BTreeMap::new(),
    };
    for known in EMBEDDED_PROVIDERS {
        plugins.providers.insert(known.component.to_owned(), Plugin::default());
    }
    let Some(mut section) = field.section() else { return plugins };
    plugins.code_cache = section.take("code_cache").flag().unwrap_or(true);
    plugins.authenticator = plugin(&section.take("authenticator"));
    plugins.limiter = plugin(&section.take("limiter"));
    plugins.meter = plugin(&section.take("meter"));
    if let Some(providers) = section.take("providers").section() {
        for (name, field) in providers.all() {
            plugins.providers.insert(name.to_owned(), provider(name, &field));
        }
    }
    section.close(&[]);
    plugins
}

fn provider(name: &str, field: &Field<'_>) -> Plugin {
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) {
        field.mistake("expected a provider's name in lower-case letters, digits, `-`, `_` and `.`");
    }
    if is_embedded(name) {
        return plugin(field);
    }
    if !field.is_present() {
        field.mistake("expected `file`: no component of this name is embedded");
    }
    let Some(section) = field.section() else { return Plugin::default() };
    plugin_of(section, |file| file.required())
}

fn plugin(field: &Field<'_>) -> Plugin {
    field.section().map_or_else(Plugin::default, |section| plugin_of(section, |file| file))
}

fn plugin_of(mut section: Section<'_>, check_file: impl Fn(Field<'_>) -> Field<'_>) -> Plugin {
    let default = Plugin::default();
    let plugin = Plugin {
        file: check_file(section.take("file")).existing_file(),
        reuse: section
            .take("reuse")
            .whole(0..=REUSE_MAX)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(default.reuse),
        deadline: duration(&mut section, "deadline", default.deadline),
        wall: duration(&mut section, "wall", default.wall),
        memory: section.take("memory").size(MEMORY_MIN..=MEMORY_MAX).unwrap_or(default.memory),
        host_calls: section
            .take("host_calls")
            .whole(0..=HOST_CALLS_MAX)
            .unwrap_or(default.host_calls),
        log_bytes: section.take("log_bytes").size(0..=MEMORY_MAX).unwrap_or(default.log_bytes),
    };
    section.close(&[]);
    plugin
}

/// Reads `limits`.
pub(crate) fn limits(field: &Field<'_>) -> Limits {
    let default = Limits::default();
    let Some(mut section) = field.section() else { return default };
    let mut bytes = |key, default| section.take(key).size(BYTES_MIN..=BYTES_MAX).unwrap_or(default);
    let limits = Limits {
        body_bytes: bytes("body_bytes", default.body_bytes),
        event_bytes: bytes("event_bytes", default.event_bytes),
        answer_bytes: bytes("answer_bytes", default.answer_bytes),
        streams: section.take("streams").count().unwrap_or(default.streams),
        request_timeout: duration(&mut section, "request_timeout", default.request_timeout),
    };
    section.close(&[]);
    limits
}

/// Reads `journal`.
pub(crate) fn journal(field: &Field<'_>) -> Journal {
    let default = Journal::default();
    let Some(mut section) = field.section() else { return default };
    let segment = section.take("segment_bytes");
    let journal = Journal {
        fsync_interval: duration(&mut section, "fsync_interval", default.fsync_interval),
        segment_bytes: segment.size(MEMORY_MIN..=BYTES_MAX).unwrap_or(default.segment_bytes),
    };
    section.close(&[]);
    journal
}

/// Reads `upstream`.
pub(crate) fn upstream(field: &Field<'_>) -> Upstream {
    let default = Upstream::default();
    let Some(mut section) = field.section() else { return default };
    let upstream = Upstream {
        ca_file: section.take("ca_file").existing_file(),
        connect_timeout: duration(&mut section, "connect_timeout", default.connect_timeout),
        idle_timeout: duration(&mut section, "idle_timeout", default.idle_timeout),
        pool: section.take("pool").count().unwrap_or(default.pool),
    };
    section.close(&[]);
    upstream
}

fn duration(section: &mut Section<'_>, key: &'static str, default: Duration) -> Duration {
    section.take(key).duration().unwrap_or(default)
}
