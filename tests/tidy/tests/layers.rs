//! Each library is named by the crates that the code map of ARCHITECTURE.md gives it to, and by
//! no other: neither in a manifest nor in code.

use tollgate_tidy::{assert_none, code_map, files, manifests};

/// What the map must speak about.
const OWNED: [&str; 11] = [
    "wasmtime",
    "sqlx",
    "pingora",
    "pingora-core",
    "pingora-proxy",
    "pingora-http",
    "prometheus",
    "rustls",
    "wit-component",
    "wit-bindgen",
    "instant-acme",
];

/// What no crate may name: it has no owner yet, or something else does its work here.
const UNOWNED: [&str; 6] = ["redis", "openssl", "native-tls", "diesel", "rusqlite", "anyhow"];

/// Crates that neither wait nor do I/O.
const PURE: [&str; 4] = [
    "gateway/crates/domain",
    "gateway/crates/dialects",
    "gateway/crates/limits",
    "gateway/crates/config",
];

#[test]
fn the_map_gives_every_guarded_library_to_somebody() {
    let map = code_map();
    let owned = |library: &&str| {
        map.iter().any(|(_, libraries)| libraries.iter().any(|owned| owned == *library))
    };
    let missing: Vec<String> = OWNED.iter().filter(|l| !owned(l)).map(|l| l.to_string()).collect();
    assert_none(&missing);
}

#[test]
fn every_crate_is_on_the_map() {
    let map = code_map();
    let missing = manifests().into_iter().map(|manifest| manifest.folder).filter(|folder| {
        // The components share a row; every other crate has its own.
        let row = if folder.starts_with("plugins/") { "plugins" } else { folder };
        !map.iter().any(|(part, _)| part == row)
    });
    assert_none(&missing.collect::<Vec<_>>());
}

#[test]
fn manifests_name_only_libraries_that_the_map_gives_them() {
    let mut complaints = Vec::new();
    for manifest in manifests() {
        for library in &manifest.dependencies {
            if !may_name(&manifest.folder, library) {
                complaints.push(format!("{} depends on {library}", manifest.folder));
            }
            if library == "tokio" && PURE.contains(&manifest.folder.as_str()) {
                complaints.push(format!("{} depends on tokio", manifest.folder));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn code_names_only_libraries_that_the_map_gives_it() {
    let guarded: Vec<&str> = OWNED.iter().chain(&UNOWNED).copied().collect();
    let mut complaints = Vec::new();
    for file in files("").iter().filter(|file| file.is_rust()) {
        for (number, line) in file.code() {
            for library in &guarded {
                if names(line, &library.replace('-', "_")) && !may_name(&file.path, library) {
                    complaints.push(format!("{}:{number} names {library}", file.path));
                }
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_crate_depends_on_one_above_it() {
    // In the order of the arrows: a crate may depend on those before it.
    let order = [
        "domain",
        "routing",
        "dialects",
        "config",
        "import",
        "limits",
        "ledger",
        "telemetry",
        "components",
        "host",
        "upstream",
        "credentials",
        "listener",
        "acme",
        "admin",
        "calls",
        "edge",
    ];
    let place = |name: &str| order.iter().position(|known| *known == name);
    let mut complaints = Vec::new();
    for manifest in manifests() {
        let Some(name) = manifest.folder.strip_prefix("gateway/crates/") else { continue };
        let Some(own) = place(name) else {
            complaints.push(format!("{name} has no place in the order"));
            continue;
        };
        for library in manifest.dependencies.iter().filter_map(|l| l.strip_prefix("tollgate-")) {
            if place(library).is_none_or(|other| other >= own) {
                complaints.push(format!("{name} depends on {library}, which is above it"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn a_forbidden_name_is_found_and_a_similar_one_is_not() {
    assert!(names("use thing::Row;", "thing") && names("    x: Vec<thing::Pool>,", "thing"));
    assert!(!names("use my_thing::Row;", "thing") && !names("use other::thing::Row;", "thing"));
    assert!(may_name("gateway/crates/ledger", "sqlx") && may_name("tests/end-to-end/src", "sqlx"));
    assert!(!may_name("gateway/crates/admin/src/api.rs", "sqlx"));
    assert!(!may_name("gateway/crates/limits", "redis"));
    assert!(!may_name("gateway", "wasmtime") && !may_name("gateway/src/app.rs", "wasmtime"));
}

/// Whether what is in a folder may name a library.
fn may_name(path: &str, library: &str) -> bool {
    if UNOWNED.contains(&library) {
        return false;
    }
    let map = code_map();
    let mut owners = map
        .iter()
        .filter(|(_, libraries)| libraries.iter().any(|owned| owned == library))
        .map(|(folder, _)| folder)
        .peekable();
    let in_folder = |folder: &String| path == folder || path.starts_with(&format!("{folder}/"));
    owners.peek().is_none() || owners.any(in_folder)
}

/// Whether a line of code uses a name as a path's first part.
fn names(line: &str, library: &str) -> bool {
    let used = format!("{library}::");
    let mut from = 0;
    while let Some(found) = line[from..].find(&used) {
        let at = from + found;
        let before = line[..at].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '"') {
            return true;
        }
        from = at + used.len();
    }
    false
}
