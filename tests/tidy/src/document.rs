//! What a document in Markdown says about the tree.

use crate::tree::root;

/// Folders that a path in a document begins with.
const TOPS: [&str; 7] = ["gateway/", "plugins/", "wit/", "conf/", "tests/", "ops/", ".ci/"];

/// A path that a document names, and what it says is in there.
pub struct Named {
    /// The path from the root.
    pub path: String,
    /// A function in the file, written `path::function`.
    pub function: Option<String>,
}

/// The paths between backticks. What has a placeholder in it, or belongs to no folder of the
/// tree, is none.
pub fn named_paths(document: &str) -> Vec<Named> {
    let text = std::fs::read_to_string(root().join(document)).expect("a document");
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second piece stands between backticks.
        for piece in line.split('`').skip(1).step_by(2) {
            let placeholder = piece.contains(['<', '*', '{', ' ', '=']);
            if TOPS.iter().any(|top| piece.starts_with(top)) && !placeholder {
                let (path, function) = match piece.split_once("::") {
                    Some((path, function)) => (path, Some(function.to_owned())),
                    None => (piece, None),
                };
                found.push(Named { path: path.to_owned(), function });
            }
        }
    }
    found
}

/// The code map of ARCHITECTURE.md: folders and the libraries that they may name. A row is
/// `| folder | what it is | libraries |`, folder and libraries between backticks.
pub fn code_map() -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a document");
    let section = text.split("\n## Code map\n").nth(1).expect("a section `Code map`");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
        let folder = cells.first()?.trim().trim_end_matches('`').trim_end_matches('/');
        let libraries = cells.get(2)?.split('`').skip(1).step_by(2);
        Some((folder.to_owned(), libraries.map(str::to_owned).collect()))
    });
    rows.collect()
}
