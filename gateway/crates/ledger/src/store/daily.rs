//! SQL of the sums of each day: added to in the transaction of the rows, and read in their place.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sqlx::Error;
use tollgate_domain::{Ending, UnixMillis};

pub use self::read::{DailyFilter, DailyRow, DayField};
use super::batch::{Batch, Kind};
use super::session::Session;
use super::value::Value;
use super::{clip, stored};
use crate::{Account, Settled, SpendRow};

const DAY: u64 = 86_400_000;
/// The longest name that a sum is kept under: an index holds eight of them.
const NAME_MAX: usize = 240;
const SUMS: usize = 12;

/// The sums of calls, in the order of [`SUM_COLUMNS`].
#[derive(Clone, Copy, Default)]
struct Sums([i64; SUMS]);

const SUM_COLUMNS: [&str; SUMS] = [
    "requests",
    "successes",
    "failures",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
    "charge_nano_usd",
    "duration_ms",
];

macro_rules! with_sums {
    ($($name:literal),*) => {
        &[
            ("day", Kind::Number),
            $(($name, Kind::Text),)*
            ("requests", Kind::Number),
            ("successes", Kind::Number),
            ("failures", Kind::Number),
            ("input_tokens", Kind::Number),
            ("output_tokens", Kind::Number),
            ("cached_input_tokens", Kind::Number),
            ("cache_write_tokens", Kind::Number),
            ("reasoning_tokens", Kind::Number),
            ("audio_input_tokens", Kind::Number),
            ("audio_output_tokens", Kind::Number),
            ("charge_nano_usd", Kind::Number),
            ("duration_ms", Kind::Number),
        ]
    };
}

const COLUMNS: &[(&str, Kind)] = with_sums!(
    "key_id",
    "user_id",
    "team_id",
    "organization_id",
    "model",
    "upstream_model",
    "provider",
    "route"
);
const LABEL_COLUMNS: &[(&str, Kind)] = with_sums!("kind", "label", "key_id", "model", "provider");

static DAILY: LazyLock<Batch> = LazyLock::new(|| {
    let key = "day, key_id, user_id, team_id, organization_id, model, upstream_model, provider, \
               route";
    Batch::new("daily", COLUMNS, &add_up("daily", key))
});
static LABELS: LazyLock<Batch> = LazyLock::new(|| {
    let key = "kind, label, day, key_id, model, provider";
    Batch::new("daily_labels", LABEL_COLUMNS, &add_up("daily_labels", key))
});

const CHARGE: &str = "UPDATE daily SET charge_nano_usd = charge_nano_usd + $10 WHERE day = $1 \
     AND key_id = $2 AND user_id = $3 AND team_id = $4 AND organization_id = $5 AND model = $6 \
     AND upstream_model = $7 AND provider = $8 AND route = $9";
const CHARGE_LABEL: &str = "UPDATE daily_labels SET charge_nano_usd = charge_nano_usd + $7 \
     WHERE day = $1 AND kind = $2 AND label = $3 AND key_id = $4 AND model = $5 AND provider = $6";

/// Adds to the sums that are there; they stop at the largest number.
fn add_up(table: &str, key: &str) -> String {
    let sums = SUM_COLUMNS.map(|sum| {
        format!(
            "{sum} = CASE WHEN {table}.{sum} > 9223372036854775807 - excluded.{sum} \
             THEN 9223372036854775807 ELSE {table}.{sum} + excluded.{sum} END"
        )
    });
    format!("ON CONFLICT ({key}) DO UPDATE SET {}", sums.join(", "))
}

type Names<'a, const N: usize> = (i64, [&'a str; N]);

/// Adds calls, none of which was counted before, to the sums of their days.
pub(super) async fn add(session: &mut Session, calls: &[&Settled]) -> Result<(), Error> {
    let mut days = BTreeMap::<Names<'_, 8>, Sums>::new();
    let mut labels = BTreeMap::<Names<'_, 5>, Sums>::new();
    for settled in calls {
        let sums = Sums::of(settled);
        let (opened, account) = (&settled.opened, &settled.opened.account);
        let (day, names) = names(Of {
            started_at: opened.started_at,
            key_id: &opened.key_id,
            user_id: &opened.user_id,
            team_id: &opened.team_id,
            account,
            model: &opened.model,
            upstream_model: &opened.upstream_model,
            provider: &opened.provider,
            route: &opened.route,
        });
        days.entry((day, names)).or_default().add(sums);
        for (kind, label) in account_labels(account) {
            let names = (day, label_names(kind, label, &names));
            labels.entry(names).or_default().add(sums);
        }
    }
    DAILY.insert(session, &values(days)).await?;
    LABELS.insert(session, &values(labels)).await?;
    Ok(())
}

/// Adds to what the calls of a row's day cost; it can be less than nothing.
pub(super) async fn charge(session: &mut Session, row: &SpendRow, more: i64) -> Result<(), Error> {
    let (day, names) = names(Of {
        started_at: row.started_at,
        key_id: &row.key_id,
        user_id: &row.user_id,
        team_id: &row.team_id,
        account: &row.account,
        model: &row.model,
        upstream_model: &row.upstream_model,
        provider: &row.provider,
        route: &row.route,
    });
    for (kind, label) in account_labels(&row.account) {
        let mut values = vec![day.into()];
        values.extend(label_names(kind, label, &names).map(Value::text));
        values.push(more.into());
        session.execute(CHARGE_LABEL, &values).await?;
    }
    let mut values = vec![day.into()];
    values.extend(names.map(Value::text));
    values.push(more.into());
    session.execute(CHARGE, &values).await.map(drop)
}

/// What sums are kept by.
struct Of<'a> {
    started_at: UnixMillis,
    key_id: &'a str,
    user_id: &'a Option<String>,
    team_id: &'a Option<String>,
    account: &'a Account,
    model: &'a str,
    upstream_model: &'a str,
    provider: &'a str,
    route: &'a str,
}

fn names(of: Of<'_>) -> Names<'_, 8> {
    let whole = |name| clip(name, NAME_MAX);
    fn maybe(name: &Option<String>) -> &str {
        clip(name.as_deref().unwrap_or_default(), NAME_MAX)
    }
    let names = [
        whole(of.key_id),
        maybe(of.user_id),
        maybe(of.team_id),
        maybe(&of.account.organization_id),
        whole(of.model),
        whole(of.upstream_model),
        whole(of.provider),
        whole(of.route),
    ];
    (stored(of.started_at / DAY), names)
}

fn label_names<'a>(kind: &'a str, label: &'a str, names: &[&'a str; 8]) -> [&'a str; 5] {
    let [key_id, _, _, _, model, _, provider, _] = *names;
    [kind, label, key_id, model, provider]
}

/// The tags of a call, each once, and its customer.
fn account_labels(account: &Account) -> BTreeSet<(&'static str, &str)> {
    let tags = account.tags.iter().map(|tag| ("tag", clip(tag, NAME_MAX)));
    let customer = account.customer_id.iter().map(|name| ("customer", clip(name, NAME_MAX)));
    tags.chain(customer).collect()
}

fn values<'a, const N: usize>(sums: BTreeMap<Names<'a, N>, Sums>) -> Vec<Value<'a>> {
    let mut values = Vec::with_capacity(sums.len() * (1 + N + SUMS));
    for ((day, names), sums) in sums {
        values.push(day.into());
        values.extend(names.map(Value::text));
        values.extend(sums.0.map(Value::from));
    }
    values
}

// === impl Sums ===

impl Sums {
    fn of(settled: &Settled) -> Self {
        let tokens = settled.usage.usage();
        let took = settled.ended_at.saturating_sub(settled.opened.started_at);
        let ended = |ending| i64::from(settled.ending == ending);
        Self([
            1,
            ended(Ending::Success),
            ended(Ending::Failure),
            stored(tokens.input),
            stored(tokens.output),
            stored(tokens.cached_input),
            stored(tokens.cache_write),
            stored(tokens.reasoning),
            stored(tokens.audio_input),
            stored(tokens.audio_output),
            settled.charge.amount.to_stored(),
            stored(took),
        ])
    }

    fn add(&mut self, other: Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(more);
        }
    }
}
