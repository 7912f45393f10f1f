//! The files that belong to the project: all but what builds and runs leave behind.

use std::path::{Path, PathBuf};

/// Folders that no file of the project is in.
const LEFT_BEHIND: [&str; 7] =
    [".git", "target", "tollgate-data", ".venv", "__pycache__", ".pytest_cache", "node_modules"];

/// A text file.
pub struct File {
    /// Its path from the root, with slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The root of the tree.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate is two folders below the root").to_path_buf()
}

/// Every text file in a folder, given from the root, and in those below.
pub fn files(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry that can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if path.is_dir() {
            if !LEFT_BEHIND.contains(&name) {
                collect(&path, found);
            }
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path = path.strip_prefix(root()).expect("a path below the root");
            found.push(File { path: path.display().to_string(), text });
        }
    }
}

// === impl File ===

impl File {
    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Its lines up to the tests that stand in the same file.
    pub fn production_lines(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ")
        });
        tests.unwrap_or(lines.len())
    }

    /// Its lines that are not comments, each with its number.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}
