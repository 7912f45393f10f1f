//! Cases as files: an input, and beside it what was reviewed. `TOLLGATE_BLESS=1` writes the latter.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The inputs in a folder: files whose names end so.
pub(crate) fn inputs(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        files.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Compares with the reviewed file, or writes it.
pub(crate) fn check(path: &Path, text: &str) {
    if std::env::var_os("TOLLGATE_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(reviewed, text, "{}", path.display());
}

/// JSON as people read it.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

/// A file beside an input, with another ending.
pub(crate) fn beside(input: &Path, from: &str, to: &str) -> PathBuf {
    let name = input.to_string_lossy();
    PathBuf::from(format!("{}{to}", name.strip_suffix(from).unwrap()))
}
