//! Virtual keys, found by hash.

use tollgate_domain::{KeyHash, KeyRecord};

use crate::bindings::keys;
use crate::convert;
use crate::state::State;

impl keys::Host for State {
    fn lookup(
        &mut self,
        digest: Vec<u8>,
    ) -> wasmtime::Result<Result<Option<keys::Key>, keys::Error>> {
        self.count_host_call()?;
        let Ok(digest) = <[u8; 32]>::try_from(digest) else {
            return Ok(Err(keys::Error::MalformedDigest));
        };
        Ok(match self.key(KeyHash::from_bytes(digest))? {
            Ok(record) => Ok(record.as_deref().map(to_wit)),
            Err(_) => Err(keys::Error::Unavailable),
        })
    }
}

fn to_wit(record: &KeyRecord) -> keys::Key {
    keys::Key {
        name: record.name.clone(),
        alias: record.alias.clone(),
        user_id: record.user_id.clone(),
        team_id: record.team_id.clone(),
        models: record.models.clone(),
        scopes: convert::scopes_to_wit(record.scopes),
        limits: convert::key_limits_to_wit(record.limits),
        blocked: record.blocked,
        expires: record.expires,
    }
}
