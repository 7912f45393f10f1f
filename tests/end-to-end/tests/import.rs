//! The command line: `import nginx`.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use tollgate_end_to_end::binary;

const SERVER: &str = "\
server {
    listen 127.0.0.1:8080;
    location / {
        proxy_pass http://127.0.0.1:4000;
        limit_rate 1k;
    }
}
";

fn import(file: &Path, options: &[&str]) -> Output {
    let command = Command::new(binary()).args(["import", "nginx"]).arg(file).args(options).output();
    command.expect("the binary")
}

fn file(folder: &TempDir, text: &str) -> std::path::PathBuf {
    let file = folder.path().join("site.conf");
    std::fs::write(&file, text).expect("the file");
    file
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_section_is_on_standard_output_and_the_rest_on_standard_error() {
    let folder = TempDir::new().expect("a folder");
    let file = file(&folder, SERVER);
    let output = import(&file, &[]);
    assert_eq!(output.status.code(), Some(0));
    let (section, rest) = (text(output.stdout), text(output.stderr));
    assert!(section.contains("edge:\n") && section.contains("to: http://127.0.0.1:4000"));
    let begin = format!("{}:5: `limit_rate` not taken over: ", file.display());
    assert!(rest.starts_with(&begin) && rest.lines().count() == 1, "{rest}");
}

#[test]
fn check_takes_the_file_that_was_written() {
    let folder = TempDir::new().expect("a folder");
    let file = file(&folder, SERVER);
    let written = folder.path().join("edge.yaml");
    let output = import(&file, &["--output", &written.display().to_string()]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let check = Command::new(binary()).arg("check").arg("--config").arg(&written).output();
    let check = check.expect("the binary");
    assert!(check.status.success(), "{}", text(check.stderr));
}

#[test]
fn tollgate_can_take_the_place_of_the_litellm_behind_nginx() {
    let folder = TempDir::new().expect("a folder");
    let output = import(&file(&folder, SERVER), &["--litellm-here"]);
    let section = text(output.stdout);
    assert!(section.contains("to: gateway") && !section.contains(":4000"), "{section}");
}

#[test]
fn a_broken_file_is_a_wrong_command_and_leaves_nothing() {
    let folder = TempDir::new().expect("a folder");
    let file = file(&folder, "server {\n    listen 80\n}\n");
    let written = folder.path().join("edge.yaml");
    let output = import(&file, &["--output", &written.display().to_string()]);
    assert_eq!(output.status.code(), Some(64));
    let told = text(output.stderr);
    assert_eq!(told, format!("{}:2: expected `;` after `listen`\n", file.display()));
    assert!(output.stdout.is_empty() && !written.exists());
}

#[test]
fn what_cannot_be_written_is_a_failure() {
    let folder = TempDir::new().expect("a folder");
    let file = file(&folder, SERVER);
    let nowhere = folder.path().join("none").join("edge.yaml").display().to_string();
    let output = import(&file, &["--output", &nowhere]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains(&format!("{nowhere} cannot be written: ")));
}
