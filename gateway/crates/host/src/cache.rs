//! Compiled code on disk. wasmtime trusts what it is given to deserialize, so an artefact carries
//! a keyed hash over itself, the component and the engine's settings; the key lies outside the
//! cache folder. Whatever does not verify is compiled again.

use std::fs::{File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

const TAG_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
/// A larger file is no artefact of ours: components are a few megabytes at most.
const ARTEFACT_BYTES_MAX: u64 = 256 << 20;

/// The cache folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the cache of compiled components at {path} cannot be used: {source}")]
pub struct CacheError {
    path: String,
    source: io::Error,
}

pub(crate) struct CodeCache {
    dir: PathBuf,
    key: [u8; KEY_BYTES],
}

// === impl CodeCache ===

impl CodeCache {
    /// Opens the folder, which is made if need be; its key lies beside it as `<folder>.key`.
    pub(crate) fn open(dir: &Path) -> Result<Self, CacheError> {
        let failed = |source| CacheError { path: dir.display().to_string(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let key = read_or_make_key(&dir.with_extension("key")).map_err(failed)?;
        Ok(Self { dir: dir.to_owned(), key })
    }

    /// The component's compiled form, from the cache or the compiler.
    pub(crate) fn load(&self, engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Component> {
        let digest = Sha256::digest(wasm);
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = self.dir.join(format!("{name}.cwasm"));
        if let Some(artefact) = self.verified(engine, &digest, &path)
            && let Ok(component) = deserialize(engine, &artefact)
        {
            return Ok(component);
        }
        let component = Component::new(engine, wasm)?;
        let artefact = component.serialize()?;
        if let Err(error) = self.store(engine, &digest, &path, &artefact) {
            log::warn!(target: "plugins", "compiled code was not kept: {error}");
        }
        Ok(component)
    }

    fn verified(&self, engine: &Engine, digest: &[u8], path: &Path) -> Option<Vec<u8>> {
        let mut file = open_no_link(path).ok()?;
        if file.metadata().ok()?.len() > ARTEFACT_BYTES_MAX {
            return None;
        }
        let mut tag = [0; TAG_BYTES];
        let mut artefact = Vec::new();
        file.read_exact(&mut tag).ok()?;
        file.read_to_end(&mut artefact).ok()?;
        let verified = self.mac(engine, digest, &artefact)?.verify_slice(&tag).is_ok();
        if !verified {
            log::warn!(target: "plugins", "{}: does not verify, compiled again", path.display());
        }
        verified.then_some(artefact)
    }

    fn store(
        &self,
        engine: &Engine,
        digest: &[u8],
        path: &Path,
        artefact: &[u8],
    ) -> io::Result<()> {
        let Some(mac) = self.mac(engine, digest, artefact) else { return Ok(()) };
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let mut file = create_private(&partial)?;
        file.write_all(&mac.finalize().into_bytes())?;
        file.write_all(artefact)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    }

    fn mac(&self, engine: &Engine, digest: &[u8], artefact: &[u8]) -> Option<Hmac<Sha256>> {
        let mut settings = HashedSettings(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut settings);
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(&settings.0.finalize());
        mac.update(digest);
        mac.update(artefact);
        Some(mac)
    }
}

#[expect(unsafe_code, reason = "wasmtime has no safe way to load compiled code")]
fn deserialize(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the artefact verified under this installation's key, so it is byte for byte what
    // `Component::serialize` gave for this component on an engine of these settings.
    unsafe { Component::deserialize(engine, artefact) }
}

/// Feeds whatever is hashed to SHA-256.
struct HashedSettings(Sha256);

impl Hasher for HashedSettings {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    match open_no_link(path).map(|mut file| file.read_exact(&mut key)) {
        Ok(Ok(())) => return Ok(key),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let partial = path.with_extension(format!("key.{}.partial", std::process::id()));
    let mut file = create_private(&partial)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&partial, path)?;
    Ok(key)
}

fn open_no_link(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(no_follow()).open(path)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).custom_flags(no_follow());
    options.open(path)
}

fn no_follow() -> i32 {
    i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    use tollgate_components::METER;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("tollgate-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn only_artefact(dir: &Path) -> PathBuf {
        let files: Vec<_> =
            std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    #[test]
    fn code_that_was_altered_is_never_loaded_and_is_compiled_again() {
        let dir = folder("altered");
        let engine = Engine::default();
        let cache = CodeCache::open(&dir.join("code")).unwrap();
        cache.load(&engine, METER).unwrap();
        let path = only_artefact(&dir.join("code"));
        let digest = Sha256::digest(METER);
        assert!(cache.verified(&engine, &digest, &path).is_some());
        let whole = std::fs::read(&path).unwrap();
        for at in [0, TAG_BYTES, whole.len() / 2, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            std::fs::write(&path, altered).unwrap();
            assert!(cache.verified(&engine, &digest, &path).is_none(), "byte {at}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(cache.verified(&engine, &digest, &path).is_none(), "cut");
        cache.load(&engine, METER).unwrap();
        assert!(cache.verified(&engine, &digest, &path).is_some(), "compiled and kept again");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn code_of_another_component_engine_or_installation_is_not_taken() {
        let dir = folder("foreign");
        let engine = Engine::default();
        let cache = CodeCache::open(&dir.join("code")).unwrap();
        cache.load(&engine, METER).unwrap();
        let path = only_artefact(&dir.join("code"));
        let digest = Sha256::digest(METER);
        assert!(cache.verified(&engine, &Sha256::digest(b"another"), &path).is_none());
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let other = Engine::new(&config).unwrap();
        assert!(cache.verified(&other, &digest, &path).is_none());
        std::fs::remove_file(dir.join("code.key")).unwrap();
        let reopened = CodeCache::open(&dir.join("code")).unwrap();
        assert!(reopened.verified(&engine, &digest, &path).is_none());
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_link_in_the_place_of_code_or_key_is_not_followed() {
        let dir = folder("link");
        std::fs::write(dir.join("elsewhere"), [7; KEY_BYTES]).unwrap();
        std::os::unix::fs::symlink(dir.join("elsewhere"), dir.join("code.key")).unwrap();
        assert!(CodeCache::open(&dir.join("code")).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
