//! The shape of files: their size, their names, what must not be in them.

use tollgate_tidy::{File, assert_none, files};

/// More than this cannot be kept in mind.
const LINES_MAX: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["util", "utils", "common", "manager", "helper", "helpers", "misc", "shared"];

fn rust() -> Vec<File> {
    files("").into_iter().filter(File::is_rust).collect()
}

#[test]
fn no_file_is_too_long() {
    let too_long = rust().into_iter().filter(|file| file.production_lines() > LINES_MAX);
    let told = too_long.map(|file| format!("{}: {} lines", file.path, file.production_lines()));
    assert_none(&told.collect::<Vec<_>>());
}

#[test]
fn every_module_says_in_its_first_line_what_it_is_for() {
    // Tests of a module are introduced by the module.
    let silent = rust()
        .into_iter()
        .filter(|file| !file.path.ends_with("/tests.rs") && !file.text.starts_with("//! "));
    assert_none(&silent.map(|file| file.path).collect::<Vec<_>>());
}

#[test]
fn modules_have_names_that_say_something() {
    let mut complaints = Vec::new();
    for file in rust() {
        let parts = file.path.trim_end_matches(".rs").split('/');
        if parts.into_iter().any(|part| EMPTY_NAMES.contains(&part)) {
            complaints.push(file.path.clone());
        }
        if file.path.ends_with("/mod.rs") {
            complaints.push(format!("{}: write it as a file beside the folder", file.path));
        }
        for (number, line) in file.code() {
            let declared = line.trim_start().trim_start_matches("pub(crate) ");
            let declared = declared.trim_start_matches("pub ").strip_prefix("mod ");
            let name = declared.map(|rest| rest.trim_end_matches([';', '{', ' ']));
            if name.is_some_and(|name| EMPTY_NAMES.contains(&name)) {
                complaints.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_test_is_switched_off_or_content_with_a_panic() {
    let mut complaints = Vec::new();
    for file in rust() {
        for (number, line) in file.code() {
            let attribute = line.trim_start();
            if attribute.starts_with("#[ignore") || attribute.starts_with("#[should_panic") {
                complaints.push(format!("{}:{number}: {attribute}", file.path));
            }
        }
    }
    assert_none(&complaints);
}
