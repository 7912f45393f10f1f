//! Where the things under test are.

use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize().expect("the workspace's root")
}

/// The gateway's binary.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("TOLLGATE_BIN").map(PathBuf::from);
    named.unwrap_or_else(|| workspace().join("target/release/tollgate"))
}

/// A component built from `plugins/`, such as `fixture-trap`.
pub fn component(name: &str) -> PathBuf {
    let path = workspace().join("target/components").join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing: build the components first", path.display());
    path
}
