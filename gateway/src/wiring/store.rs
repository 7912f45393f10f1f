//! Where the ledger's store is, from the configuration.

use tollgate_config::Config;
use tollgate_ledger::{AddressError, Database, PostgresAddress};

/// The store that a configuration names.
///
/// # Errors
///
/// The address of PostgreSQL cannot be used.
pub(crate) fn database(config: &Config) -> Result<Database, AddressError> {
    match &config.database {
        tollgate_config::Database::Sqlite { path } => Ok(Database::Sqlite(path.clone())),
        tollgate_config::Database::Postgres { url, connections } => {
            let address: PostgresAddress = url.expose().parse()?;
            Ok(Database::Postgres(match connections {
                Some(count) => address.with_connections(*count),
                None => address,
            }))
        }
    }
}
