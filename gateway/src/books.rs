//! Work on the ledger's store from the command line: its schema, its sums, its prices.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::runtime::{Handle, Runtime};
use tollgate_config::Config;
use tollgate_domain::{
    Call, Charge, KeyLimits, NanoUsd, Observed, Outcome, Pricing, Principal, Scopes, UnixMillis,
};
use tollgate_host::{Meter, Ran};
use tollgate_ledger::{Books, Repriced, SpendRow};

use crate::app::StartError;
use crate::cli::EXIT_FAILURE;
use crate::foundation;
use crate::wiring::store;

/// Where the store is.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The configuration of the gateway. Without one, the embedded default.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the gateway keeps its journal, and its database unless that is elsewhere.
    #[arg(long, value_name = "D", default_value = "tollgate-data")]
    data_dir: PathBuf,
}

/// What is asked of the ledger.
#[derive(clap::Subcommand)]
pub(crate) enum Ledger {
    /// Compares spend and sums with the calls that they are made of, and follows the journal's hash
    /// chain. Ends with 1 if anything does not fit.
    Verify(Place),
    /// Prices calls anew, from their tokens and the present prices, and shows the difference.
    Reprice(Reprice),
}

/// Which calls are priced anew.
#[derive(clap::Args)]
pub(crate) struct Reprice {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Calls that began then or later: a day in UTC, or a moment as RFC 3339 writes it.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: UnixMillis,
    /// Writes the new charges, and changes keys' spend and the sums of days accordingly.
    #[arg(long)]
    apply: bool,
}

// === impl Ledger ===

impl Ledger {
    /// Where its store is.
    pub(crate) fn place(&self) -> &Place {
        match self {
            Self::Verify(place) => place,
            Self::Reprice(reprice) => &reprice.place,
        }
    }
}

/// `2026-11-01`, or `2026-11-01T12:00:00Z`.
fn moment(text: &str) -> Result<UnixMillis, String> {
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let moment = match (text.parse::<Timestamp>(), day) {
        (Ok(moment), _) => moment,
        (Err(_), Some(day)) => day.timestamp(),
        (Err(error), None) => return Err(error.to_string()),
    };
    u64::try_from(moment.as_millisecond()).map_err(|_| "it is before 1970".to_owned())
}

/// Brings the schema up to date.
pub(crate) fn migrate(place: &Place, config: &Config) -> ExitCode {
    ended(run(async {
        let (books, migrated) = open(place, config).await?;
        books.close().await;
        let (from, to) = (migrated.from, migrated.to);
        say(&if from == to {
            format!("the schema has version {to} already")
        } else {
            format!("the schema is brought from version {from} to {to}")
        });
        Ok(ExitCode::SUCCESS)
    }))
}

/// Does what is asked of the ledger.
pub(crate) fn ledger(asked: &Ledger, config: &Config) -> ExitCode {
    ended(run(async {
        match asked {
            Ledger::Verify(place) => verify(place, config).await,
            Ledger::Reprice(asked) => reprice(asked, config).await,
        }
    }))
}

async fn open(
    place: &Place,
    config: &Config,
) -> Result<(Books, tollgate_ledger::Migrated), StartError> {
    crate::app::make_data_dir(&place.data_dir)?;
    Ok(Books::open(&store::database(config)?, &place.data_dir).await?)
}

async fn verify(place: &Place, config: &Config) -> Result<ExitCode, StartError> {
    let (books, _) = open(place, config).await?;
    let found = books.verify().await.map_err(tollgate_ledger::LedgerError::from)?;
    books.close().await;
    let records: u64 = found.segments.iter().map(|segment| segment.records).sum();
    for wrong in &found.wrong {
        say(wrong);
    }
    say(&format!(
        "{} calls, {} keys, {} days; {records} records in {} segments of the journal: {}",
        found.calls,
        found.keys,
        found.days,
        found.segments.len(),
        match found.wrong.len() {
            0 => "all fit".to_owned(),
            wrong => format!("{wrong} do not fit"),
        }
    ));
    Ok(if found.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILURE) })
}

async fn reprice(asked: &Reprice, config: &Config) -> Result<ExitCode, StartError> {
    let meter = foundation::meter(&asked.place.data_dir, config).await?;
    let (books, _) = open(&asked.place, config).await?;
    let handle = Handle::current();
    let mut price =
        |row: &SpendRow| tokio::task::block_in_place(|| handle.block_on(charge(&meter, row)));
    let repriced = books.reprice(asked.since, asked.apply, &mut price).await;
    books.close().await;
    let Repriced { calls, unpriced, changed, before, after } =
        repriced.map_err(tollgate_ledger::LedgerError::from)?;
    let usd = |nano: i128| nano as f64 / 1e9;
    say(&format!(
        "{calls} calls, {changed} of them at another price: {} USD instead of {}, {:+} USD{}",
        usd(after),
        usd(before),
        usd(after - before),
        if asked.apply { "" } else { "; nothing is written without --apply" }
    ));
    if unpriced > 0 {
        say(&format!("{unpriced} calls have no price now and keep what they were charged"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a call costs at the present prices, as the meter says.
async fn charge(meter: &Arc<Meter>, row: &SpendRow) -> Charge {
    let principal = Principal {
        key_id: row.key_id.clone(),
        key_name: String::new(),
        key_alias: row.key_alias.clone(),
        user_id: row.user_id.clone(),
        team_id: row.team_id.clone(),
        models: Vec::new(),
        scopes: Scopes::default(),
        limits: KeyLimits::default(),
    };
    let call = Call {
        id: row.call,
        dialect: row.dialect,
        model: row.model.clone(),
        streamed: row.stream,
        input_bound: row.usage.input,
        output_cap: None,
        choices: 1,
        candidates: Vec::new(),
    };
    let usage =
        if row.estimated { Observed::Estimated(row.usage) } else { Observed::Reported(row.usage) };
    let outcome = Outcome { deployment: row.deployment.clone(), ending: row.ending, usage };
    match meter.settle(&principal, &call, &outcome).await {
        Ran::Value(charge) => charge,
        Ran::Refused(never) => match never {},
        Ran::Trapped(_) | Ran::Exceeded(_) => {
            let zero = NanoUsd::ZERO;
            let pricing = Pricing::MeterFailed;
            Charge { amount: zero, input: zero, cached: zero, output: zero, pricing }
        }
    }
}

fn run(work: impl Future<Output = Result<ExitCode, StartError>>) -> Result<ExitCode, StartError> {
    tollgate_edge::provider().install_default().map_err(|_| StartError::Cryptography)?;
    Runtime::new().map_err(StartError::Process)?.block_on(work)
}

fn ended(result: Result<ExitCode, StartError>) -> ExitCode {
    result.unwrap_or_else(|error| {
        let _closed = writeln!(std::io::stderr(), "tollgate: {error}");
        ExitCode::from(EXIT_FAILURE)
    })
}

fn say(line: &str) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_or_exact() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T00:00:01+00:00"), Ok(1_000));
        for wrong in ["yesterday", "1969-12-31", "2026-13-01"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
