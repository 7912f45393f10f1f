//! `general_settings`, `litellm_settings`, `router_settings` and `logging`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::Secret;
use crate::config::{Database, LogLevel, Routing};
use crate::expand::Environment;
use crate::litellm;
use crate::mistake::{Log, Mistake, Notice};
use crate::reader::Field;
use crate::routing::{self, Names, RowDefaults, Sections};
use crate::section::Section;

/// The shortest master key. Shorter ones can be guessed.
const MASTER_KEY_LENGTH_MIN: usize = 8;

/// Connections to PostgreSQL: one listens, so one would be none.
const CONNECTIONS: RangeInclusive<u64> = 2..=1_000;
/// A hundred years.
const RETENTION_MAX: u64 = 100 * 366 * 86_400;

/// What these sections hold.
pub(crate) struct Settings {
    pub(crate) master_key: Option<Secret>,
    pub(crate) database: Database,
    pub(crate) spend_rows_kept: Option<Duration>,
    pub(crate) drop_params: bool,
    pub(crate) metrics_need_key: bool,
    pub(crate) log_level: LogLevel,
    pub(crate) routing: Routing,
    pub(crate) rows: RowDefaults,
}

/// Reads the sections. What they leave open comes from the environment. `names` are those that
/// other settings may lead to.
pub(crate) fn read(root: &mut Section<'_>, names: &Names) -> Settings {
    let environment = Variables::of(&root.whole());
    let mut general = root.take("general_settings").section_or_empty();
    let mut litellm = root.take("litellm_settings").section_or_empty();
    let mut router = root.take("router_settings").section_or_empty();
    let sections = Sections { router: &mut router, litellm: &mut litellm, general: &mut general };
    let (routing, rows) = routing::read(sections, names);
    let key = general.take("master_key");
    let (mut level_is_open, url) = (true, general.take("database_url"));
    let need_key = litellm.take("require_auth_for_metrics_endpoint").flag();
    let mut settings = Settings {
        master_key: key.secret().filter(|secret| check_master_key(secret, &Place::Key(&key))),
        database: database_of(&url),
        spend_rows_kept: general
            .take("maximum_spend_logs_retention_period")
            .parsed("a whole number of s, m, h, d or w, such as 90d", retention),
        drop_params: litellm.take("drop_params").flag().unwrap_or(false),
        metrics_need_key: need_key.unwrap_or(true),
        log_level: LogLevel::default(),
        routing,
        rows,
    };
    let connections = general.take("database_connection_pool_limit").whole(CONNECTIONS);
    general.close(litellm::GENERAL);
    litellm.close(litellm::LITELLM);
    router.close(litellm::ROUTER);
    if let Some(mut section) = root.take("logging").section() {
        let level = section.take("log_level");
        level_is_open = !level.is_present();
        settings.log_level = level.parsed(LEVELS, LogLevel::parse).unwrap_or_default();
        section.close(litellm::LOGGING);
    }
    if !key.is_present() {
        settings.master_key = environment.master_key();
    }
    if !url.is_present() {
        settings.database = environment.database();
    }
    if let Database::Postgres { connections: chosen, .. } = &mut settings.database {
        *chosen = connections.and_then(|count| u32::try_from(count).ok());
    }
    if level_is_open {
        settings.log_level = environment.log_level();
    }
    settings
}

const LEVELS: &str = "debug, info, warn or error";

/// Settings that come from variables of the environment.
struct Variables<'a> {
    env: &'a Environment<'a>,
    log: &'a Log,
}

/// Where a value comes from, for messages.
enum Place<'a> {
    Key(&'a Field<'a>),
    Variable(&'a Log, &'static str),
}

fn check_master_key(key: &Secret, place: &Place<'_>) -> bool {
    let is_long = key.expose().len() >= MASTER_KEY_LENGTH_MIN;
    if !is_long {
        place.mistake(format!("expected at least {MASTER_KEY_LENGTH_MIN} characters"));
    }
    if !key.expose().starts_with("sk-") {
        place.notice("master keys begin with `sk-` by custom; some clients expect it");
    }
    is_long
}

fn database_of(field: &Field<'_>) -> Database {
    let default = Database::Sqlite { path: None };
    if let Some(name) = field.unset_variable() {
        field.notice(format!(
            "environment variable `{name}` is not set; SQLite in the data directory is used"
        ));
        return default;
    }
    match field.text() {
        Some(url) => {
            database(&url, &Place::Key(field)).map_or(default, |database| match database {
                Database::Sqlite { path } => {
                    Database::Sqlite { path: path.map(|path| field.source().dir.join(path)) }
                }
                postgres @ Database::Postgres { .. } => postgres,
            })
        }
        None => default,
    }
}

/// How old rows become, as LiteLLM writes it. Unlike a call's times it can be years.
fn retention(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let seconds = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=RETENTION_MAX).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// An address of a database. It can hold a password, so no message repeats it.
fn database(url: &str, place: &Place<'_>) -> Option<Database> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Some(Database::Postgres { url: Secret::new(url), connections: None });
    }
    let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    match path {
        Some(path) if !path.is_empty() && !path.starts_with(':') && !path.contains('?') => {
            Some(Database::Sqlite { path: Some(PathBuf::from(path)) })
        }
        Some(_) => {
            place.mistake(
                "expected sqlite:PATH with the path of a file and nothing after it".to_owned(),
            );
            None
        }
        None => {
            place.mistake("expected sqlite:PATH, or an address of PostgreSQL".to_owned());
            None
        }
    }
}

// === impl Variables ===

impl<'a> Variables<'a> {
    fn of(root: &Field<'a>) -> Self {
        Self { env: root.source().env, log: root.source().log }
    }

    fn master_key(&self) -> Option<Secret> {
        let name = "LITELLM_MASTER_KEY";
        let key = Secret::new(self.env.get(name)?);
        check_master_key(&key, &Place::Variable(self.log, name)).then_some(key)
    }

    fn database(&self) -> Database {
        let name = "DATABASE_URL";
        let url = self.env.get(name);
        url.and_then(|url| database(&url, &Place::Variable(self.log, name)))
            .unwrap_or(Database::Sqlite { path: None })
    }

    fn log_level(&self) -> LogLevel {
        let name = "LOG_LEVEL";
        let Some(text) = self.env.get(name) else { return LogLevel::default() };
        LogLevel::parse(&text).unwrap_or_else(|| {
            Place::Variable(self.log, name).mistake(format!("expected {LEVELS}"));
            LogLevel::default()
        })
    }
}

// === impl Place ===

impl Place<'_> {
    fn mistake(&self, message: String) {
        match self {
            Self::Key(field) => field.mistake(message),
            Self::Variable(log, name) => log.mistake(Mistake {
                file: "environment".to_owned(),
                line: 0,
                path: (*name).to_owned(),
                message,
            }),
        }
    }

    fn notice(&self, reason: &str) {
        match self {
            Self::Key(field) => field.notice(reason),
            Self::Variable(log, name) => log.notice(Notice {
                file: "environment".to_owned(),
                line: 0,
                path: (*name).to_owned(),
                reason: reason.to_owned(),
            }),
        }
    }
}
