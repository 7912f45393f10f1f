//! The key that administers a fresh gateway: the configured one, or one made at the first start,
//! of which only the hash is kept.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tollgate_config::Secret;
use tollgate_domain::{KeyHash, KeyLimits, KeyRecord, Principal, Scopes};

/// The hash of the key that was made at the first start.
const FILE: &str = "master-key.sha256";

/// The master key of this run.
pub(crate) struct MasterKey {
    pub(crate) hash: KeyHash,
    /// The key itself, if it was made just now: shown once.
    pub(crate) made: Option<String>,
}

/// The key cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the master key's hash cannot be kept in {path}: {source}")]
pub(crate) struct MasterKeyError {
    path: String,
    source: std::io::Error,
}

impl MasterKey {
    pub(crate) fn find(
        configured: Option<&Secret>,
        data_dir: &Path,
    ) -> Result<Self, MasterKeyError> {
        if let Some(key) = configured {
            return Ok(Self { hash: KeyHash::of_key(key.expose()), made: None });
        }
        let path = data_dir.join(FILE);
        let kept = std::fs::read_to_string(&path).ok();
        if let Some(hash) = kept.and_then(|text| text.trim().parse().ok()) {
            return Ok(Self { hash, made: None });
        }
        let failed = |source| MasterKeyError { path: path.display().to_string(), source };
        let mut random = [0; 24];
        getrandom::fill(&mut random)
            .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
        let key = format!("sk-master-{}", URL_SAFE_NO_PAD.encode(random));
        let hash = KeyHash::of_key(&key);
        keep(&path, &hash).map_err(failed)?;
        Ok(Self { hash, made: Some(key) })
    }

    /// Its holder, for calls that the gateway makes by itself.
    pub(crate) fn principal(&self) -> Principal {
        let record = Self::record();
        Principal {
            key_id: self.hash.to_string(),
            key_name: record.name,
            key_alias: record.alias,
            user_id: record.user_id,
            team_id: record.team_id,
            models: record.models,
            scopes: record.scopes,
            limits: record.limits,
        }
    }

    /// What the key may do.
    pub(crate) fn record() -> KeyRecord {
        KeyRecord {
            name: "master key".to_owned(),
            alias: None,
            user_id: None,
            team_id: None,
            models: Vec::new(),
            scopes: Scopes {
                call_models: true,
                manage_keys: true,
                read_spend: true,
                administer: true,
            },
            limits: KeyLimits::default(),
            blocked: false,
            expires: None,
        }
    }
}

fn keep(path: &Path, hash: &KeyHash) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{hash}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_shown_once_and_known_ever_after() {
        let dir = std::env::temp_dir().join(format!("tollgate-master-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let first = MasterKey::find(None, &dir).unwrap();
        let made = first.made.unwrap();
        assert_eq!(KeyHash::of_key(&made), first.hash);
        let second = MasterKey::find(None, &dir).unwrap();
        assert_eq!((second.hash, second.made), (first.hash, None));
        assert!(!std::fs::read_to_string(dir.join(FILE)).unwrap().contains(&made));
        let configured = MasterKey::find(Some(&Secret::new("sk-mine")), &dir).unwrap();
        assert_eq!(configured.hash, KeyHash::of_key("sk-mine"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
