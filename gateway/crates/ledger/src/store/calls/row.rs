//! A call as a row: which columns there are, and what each gets.

use std::borrow::Cow;
use std::sync::LazyLock;

use tollgate_domain::Pricing;

use super::PluginSets;
use crate::store::batch::{Batch, Kind};
use crate::store::value::Value;
use crate::store::{clip, stored};
use crate::{Account, Opened, Service, Settled};

/// The columns, in the order of [`push`].
const COLUMNS: &[(&str, Kind)] = &[
    ("call_id", Kind::Id),
    ("client_call_id", Kind::Text),
    ("key_id", Kind::Text),
    ("key_alias", Kind::Text),
    ("user_id", Kind::Text),
    ("team_id", Kind::Text),
    ("organization_id", Kind::Text),
    ("customer_id", Kind::Text),
    ("tags", Kind::Text),
    ("client_address", Kind::Text),
    ("route", Kind::Text),
    ("dialect", Kind::Text),
    ("model", Kind::Text),
    ("deployment", Kind::Text),
    ("provider", Kind::Text),
    ("upstream_model", Kind::Text),
    ("served_model", Kind::Text),
    ("stream", Kind::Flag),
    ("status", Kind::Number),
    ("ending", Kind::Text),
    ("error", Kind::Text),
    ("attempts", Kind::Number),
    ("fallback", Kind::Flag),
    ("input_tokens", Kind::Number),
    ("output_tokens", Kind::Number),
    ("cached_input_tokens", Kind::Number),
    ("cache_write_tokens", Kind::Number),
    ("reasoning_tokens", Kind::Number),
    ("audio_input_tokens", Kind::Number),
    ("audio_output_tokens", Kind::Number),
    ("estimated", Kind::Flag),
    ("charge_nano_usd", Kind::Number),
    ("input_nano_usd", Kind::Number),
    ("cached_nano_usd", Kind::Number),
    ("output_nano_usd", Kind::Number),
    ("pricing", Kind::Text),
    ("price_version", Kind::Text),
    ("reserved_nano_usd", Kind::Number),
    ("started_at", Kind::Number),
    ("first_byte_at", Kind::Number),
    ("first_token_at", Kind::Number),
    ("ended_at", Kind::Number),
    ("plugins", Kind::Number),
];

/// The longest key id that is kept whole: indexes hold no text of any length.
const KEY_ID_MAX: usize = 1_000;

pub(super) static BATCH: LazyLock<Batch> =
    LazyLock::new(|| Batch::new("calls", COLUMNS, "ON CONFLICT (call_id) DO NOTHING"));

/// The values of rows, one after the other.
pub(super) fn values<'a>(calls: &[&'a Settled], sets: &PluginSets) -> Vec<Value<'a>> {
    let mut values = Vec::with_capacity(calls.len() * COLUMNS.len());
    for settled in calls {
        push(&mut values, settled, sets.get(&settled.plugins).copied().unwrap_or_default());
    }
    values
}

fn push<'a>(values: &mut Vec<Value<'a>>, call: &'a Settled, plugins: i64) {
    push_opened(values, &call.opened, &call.service);
    let Service { attempts, fallback, first_token_at, .. } = &call.service;
    let small = |number: u16| Value::from(i64::from(number.min(i16::MAX.unsigned_abs())));
    let tokens = call.usage.usage();
    let charge = &call.charge;
    let (pricing, version) = pricing(&charge.pricing);
    values.extend([
        Value::Flag(Some(call.opened.stream)),
        small(call.status),
        Value::text(call.ending.name()),
        Value::maybe(&call.error),
        small(*attempts),
        Value::Flag(Some(*fallback)),
        stored(tokens.input).into(),
        stored(tokens.output).into(),
        stored(tokens.cached_input).into(),
        stored(tokens.cache_write).into(),
        stored(tokens.reasoning).into(),
        stored(tokens.audio_input).into(),
        stored(tokens.audio_output).into(),
        Value::Flag(Some(call.usage.is_estimated())),
        charge.amount.to_stored().into(),
        charge.input.to_stored().into(),
        charge.cached.to_stored().into(),
        charge.output.to_stored().into(),
        Value::text(pricing),
        Value::Text(version.map(Cow::Borrowed)),
        call.opened.reserved.to_stored().into(),
        stored(call.opened.started_at).into(),
        call.first_byte_at.map(stored).into(),
        first_token_at.map(stored).into(),
        stored(call.ended_at).into(),
        plugins.into(),
    ]);
}

fn push_opened<'a>(values: &mut Vec<Value<'a>>, opened: &'a Opened, service: &'a Service) {
    let Account { organization_id, customer_id, tags, client_address } = &opened.account;
    let tags = (!tags.is_empty()).then(|| serde_json::Value::from(tags.clone()).to_string());
    values.extend([
        opened.call.into(),
        Value::maybe(&opened.client_call_id),
        Value::text(clip(&opened.key_id, KEY_ID_MAX)),
        Value::maybe(&opened.key_alias),
        Value::maybe(&opened.user_id),
        Value::maybe(&opened.team_id),
        Value::maybe(organization_id),
        Value::maybe(customer_id),
        Value::Text(tags.map(Cow::Owned)),
        Value::maybe(client_address),
        Value::text(&*opened.route),
        Value::text(opened.dialect.name()),
        Value::text(&*opened.model),
        Value::text(&*opened.deployment),
        Value::text(&*opened.provider),
        Value::text(&*opened.upstream_model),
        Value::maybe(&service.model),
    ]);
}

/// How a charge came about, and the version of the prices.
pub(in crate::store) fn pricing(pricing: &Pricing) -> (&'static str, Option<&str>) {
    match pricing {
        Pricing::Priced(version) => ("priced", Some(version)),
        Pricing::Unpriced => ("unpriced", None),
        Pricing::MeterFailed => ("meter-failed", None),
    }
}
