//! The documents: short enough to be read, and true about what is where.

use std::collections::BTreeSet;

use tollgate_tidy::{assert_none, files, named_paths, root};

const ARCHITECTURE_LINES_MAX: usize = 250;
/// What is seen of the README before anybody scrolls.
const FIRST_SCREEN_LINES: usize = 40;

/// Paths of one machine and hosts that only a build knows. In pieces, so that this file has none.
const NOBODYS_BUSINESS: [[&str; 2]; 7] = [
    ["/wo", "rk/"],
    ["/ro", "ot/"],
    ["/ho", "me/"],
    ["/Us", "ers/"],
    ["static.crates", ".io"],
    ["index.crates", ".io"],
    ["files.pythonhosted", ".org"],
];

fn read(document: &str) -> String {
    std::fs::read_to_string(root().join(document)).expect("a document")
}

#[test]
fn the_architecture_is_told_in_one_sitting() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= ARCHITECTURE_LINES_MAX, "{lines} lines");
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut complaints = Vec::new();
    for document in ["ARCHITECTURE.md", "README.md"] {
        let named = named_paths(document);
        assert!(!named.is_empty(), "{document} names no path");
        for named in named {
            let path = root().join(&named.path);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let missing = match &named.function {
                None => !path.exists(),
                Some(function) => !text.contains(&format!("fn {function}(")),
            };
            if missing {
                let function = named.function.map(|name| format!("::{name}")).unwrap_or_default();
                complaints.push(format!("{document}: {}{function}", named.path));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let text = read("README.md");
    let first_screen: Vec<&str> = text.lines().take(FIRST_SCREEN_LINES).collect();
    for command in ["make run", "make test"] {
        assert!(first_screen.iter().any(|line| line.contains(command)), "{command}");
    }
}

#[test]
fn the_readme_names_every_file_of_conf() {
    let text = read("README.md");
    let named = |path: &String| !text.contains(path.as_str());
    let missing: BTreeSet<String> =
        files("conf").into_iter().map(|f| f.path).filter(named).collect();
    assert_none(&missing.into_iter().collect::<Vec<_>>());
}

#[test]
fn nothing_speaks_of_the_machine_that_it_was_written_on() {
    let words: Vec<String> = NOBODYS_BUSINESS.iter().map(|pieces| pieces.concat()).collect();
    let mut complaints = Vec::new();
    for file in files("") {
        for (index, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                complaints.push(format!("{}:{}: {word}", file.path, index + 1));
            }
        }
    }
    assert_none(&complaints);
}
