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
