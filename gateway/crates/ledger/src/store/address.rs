//! Where the store is: a file, or an address of PostgreSQL in the forms that libpq, sqlx and
//! Prisma share.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// Where the ledger keeps what it is told.
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file; none: `tollgate.db` in the data folder.
    Sqlite(Option<PathBuf>),
    /// A PostgreSQL database.
    Postgres(PostgresAddress),
}

/// How to reach a PostgreSQL database. Shows no password.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) options: Box<PgConnectOptions>,
    /// The schema that the tables are in; none: what the server's `search_path` begins with.
    pub(super) schema: Option<String>,
    /// Connections at once.
    pub(super) connections_max: u32,
    /// A connection pooler that changes servers between transactions is in between: nothing may
    /// be left behind on a connection.
    pub(super) pooled: bool,
}

/// What is wrong with an address. Never repeats it, as it can hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no address, or a parameter's value is not one that it can have.
    #[error("it is no address of PostgreSQL, or one of its parameters has a wrong value")]
    Malformed,
    /// A parameter that would change how the database is reached is not known.
    #[error("parameter {0} is not supported")]
    Parameter(String),
}

/// Connections, unless the address says otherwise: LiteLLM's figure.
const CONNECTIONS: u32 = 10;
const CONNECTIONS_MAX: u32 = 1_000;

/// Parameters that sqlx reads. `channel_binding` is used wherever both sides can, anyway.
const READ: [&str; 14] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];
/// Parameters of others that ask for nothing here: times are the gateway's own.
const HARMLESS: [&str; 6] = [
    "connect_timeout",
    "pool_timeout",
    "socket_timeout",
    "statement_cache_size",
    "target_session_attrs",
    "channel_binding",
];

// === impl PostgresAddress ===

impl FromStr for PostgresAddress {
    type Err = AddressError;

    /// Reads `postgresql://user:password@host:port/database?parameters`. Beside libpq's
    /// parameters, those of Prisma are read that LiteLLM's addresses have: `schema`,
    /// `connection_limit` and `pgbouncer`.
    fn from_str(url: &str) -> Result<Self, AddressError> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut schema, mut connections_max, mut pooled) = (None, CONNECTIONS, false);
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "schema" => schema = Some(schema_name(value)?),
                "connection_limit" => {
                    let count = value.parse().ok();
                    let count = count.filter(|count| (2..=CONNECTIONS_MAX).contains(count));
                    connections_max = count.ok_or(AddressError::Malformed)?;
                }
                "pgbouncer" => pooled = value.parse().map_err(|_| AddressError::Malformed)?,
                name if READ.contains(&name) => kept.push(pair),
                name if HARMLESS.contains(&name) => {}
                name => return Err(AddressError::Parameter(printable(name))),
            }
        }
        let url = format!("{address}?{}", kept.join("&"));
        let options: PgConnectOptions = url.parse().map_err(|_| AddressError::Malformed)?;
        let mut options = options.disable_statement_logging().extra_float_digits(None);
        if options.get_application_name().is_none() {
            options = options.application_name("tollgate");
        }
        if pooled {
            options = options.statement_cache_capacity(0);
        } else if let Some(schema) = &schema {
            options = options.options([("search_path", schema)]);
        }
        Ok(Self { options: Box::new(options), schema, connections_max, pooled })
    }
}

impl std::fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "postgresql://{}:{}", self.options.get_host(), self.options.get_port())
    }
}

impl PostgresAddress {
    /// As many connections at once, between 2 and 1000.
    pub fn with_connections(mut self, count: u32) -> Self {
        self.connections_max = count.clamp(2, CONNECTIONS_MAX);
        self
    }
}

/// A name that needs no quotes, since it is put into statements.
fn schema_name(text: &str) -> Result<String, AddressError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let good = text.len() < 64
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.chars().all(plain);
    if good { Ok(text.to_owned()) } else { Err(AddressError::Malformed) }
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).take(40).collect()
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgSslMode;

    use super::*;

    fn parse(query: &str) -> Result<PostgresAddress, AddressError> {
        format!("postgresql://app:hunter2@db.example:6432/books{query}").parse()
    }

    #[test]
    fn an_address_says_where_and_how() {
        let address = parse("?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=5").unwrap();
        assert_eq!(address.options.get_host(), "db.example");
        assert_eq!(address.options.get_port(), 6432);
        assert_eq!(address.options.get_database(), Some("books"));
        assert!(matches!(address.options.get_ssl_mode(), PgSslMode::VerifyFull));
        assert_eq!(address.options.get_application_name(), Some("tollgate"));
        assert_eq!((address.connections_max, address.pooled), (10, false));
        assert_eq!(format!("{address:?}"), "postgresql://db.example:6432");
    }

    #[test]
    fn libpqs_names_of_tls_modes_are_known_and_others_are_refused() {
        for mode in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
            assert!(parse(&format!("?sslmode={mode}")).is_ok(), "{mode}");
        }
        assert_eq!(parse("?sslmode=strict").err(), Some(AddressError::Malformed));
    }

    #[test]
    fn prismas_parameters_are_read() {
        let address = parse("?schema=gateway&connection_limit=33&pgbouncer=true").unwrap();
        assert_eq!(address.schema.as_deref(), Some("gateway"));
        assert_eq!((address.connections_max, address.pooled), (33, true));
        for wrong in ["schema=a;drop", "schema=A", "connection_limit=1", "pgbouncer=maybe"] {
            assert_eq!(parse(&format!("?{wrong}")).err(), Some(AddressError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        let unknown = AddressError::Parameter("sslaccept".into());
        assert_eq!(parse("?sslaccept=strict").err(), Some(unknown));
    }
}
