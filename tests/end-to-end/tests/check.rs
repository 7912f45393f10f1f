//! The command line: `check`, `--version`, and starts that are refused.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use tollgate_end_to_end::{Builder, Config, Upstream, binary};

/// The exit code for a wrong configuration.
const USAGE: i32 = 64;

fn tollgate(arguments: &[&str]) -> Output {
    let command = Command::new(binary())
        .args(arguments)
        .env_remove("LITELLM_MASTER_KEY")
        .env_remove("DATABASE_URL")
        .env("PRESENT", "sk-canary-from-the-environment")
        .output();
    command.expect("the binary")
}

fn check(folder: &Path, text: &str) -> (Option<i32>, String) {
    let file = folder.join("config.yaml");
    std::fs::write(&file, text).expect("the file");
    let output = tollgate(&["check", "--config", &file.display().to_string()]);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

const GOOD: &str = "\
model_list:
  - model_name: gpt
    litellm_params:
      model: openai/gpt-4o-mini
      api_key: os.environ/PRESENT
      api_base: https://example.invalid/v1
      timeout: 30
      input_cost_per_token: 0.00000015
      output_cost_per_token: 6e-7
  - model_name: demo
    litellm_params:
      model: openai/demo
      mock_response: Hello
general_settings:
  master_key: ${PRESENT}
litellm_settings:
  drop_params: true
environment_variables:
  GREETING: hello
";

#[test]
fn a_good_file_passes() {
    let folder = TempDir::new().expect("a folder");
    let (code, output) = check(folder.path(), GOOD);
    assert_eq!(code, Some(0), "{output}");
    assert!(!output.contains("canary"), "a secret is shown: {output}");
}

#[test]
fn every_mistake_is_shown_with_its_file_and_line() {
    let folder = TempDir::new().expect("a folder");
    let text = GOOD
        .replace("timeout: 30", "timeout: soon")
        .replace("https://example.invalid/v1", "nonsense")
        .replace("      model: openai/demo\n", "      modle: openai/demo\n")
        .replace("  drop_params: true", "  drop_params: perhaps")
        + "plugins:\n  authenticator:\n    fil: a.wasm\nunheard_of: 1\n";
    let (code, output) = check(folder.path(), &text);
    assert_eq!(code, Some(USAGE), "{output}");
    let file = folder.path().join("config.yaml").display().to_string();
    let wrong = ["soon", "nonsense", "modle:", "perhaps", "fil:", "unheard_of"];
    for word in wrong {
        let line = text.lines().position(|line| line.contains(word)).expect("the line") + 1;
        let place = format!("{file}:{line}");
        assert!(output.contains(&place), "{word}: no {place} in\n{output}");
    }
    assert!(output.contains("unheard_of") && output.contains("modle"), "{output}");
    assert!(!output.contains("canary"), "a secret is shown: {output}");
    assert!(!output.contains("panicked"), "{output}");
}

#[test]
fn keys_that_are_not_honoured_are_named_and_do_not_fail() {
    let folder = TempDir::new().expect("a folder");
    let text = GOOD.replace("  drop_params: true", "  drop_params: true\n  set_verbose: true")
        + "router_settings:\n  enable_tag_filtering: true\n";
    let (code, output) = check(folder.path(), &text);
    assert_eq!(code, Some(0), "{output}");
    for key in ["set_verbose", "enable_tag_filtering"] {
        assert!(output.contains(key), "{key} was dropped in silence: {output}");
    }
}

#[test]
fn files_that_cannot_be_read_are_mistakes() {
    let folder = TempDir::new().expect("a folder");
    for text in ["model_list: [", "- just\n- a list\n", "a: 1\na: 2\n", "\tx: 1\n", "\u{0}"] {
        let (code, output) = check(folder.path(), text);
        assert_eq!(code, Some(USAGE), "{text:?}: {output}");
        assert!(output.contains("config.yaml"), "{text:?}: {output}");
        assert!(!output.contains("panicked"), "{output}");
    }
    let missing = folder.path().join("missing.yaml").display().to_string();
    let output = tollgate(&["check", "--config", &missing]);
    assert_eq!(output.status.code(), Some(USAGE));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing.yaml"));
}

#[test]
fn an_unset_variable_is_named() {
    let folder = TempDir::new().expect("a folder");
    let text = GOOD.replace("PRESENT\n      api_base", "NOT_SET_ANYWHERE\n      api_base");
    let (_, output) = check(folder.path(), &text);
    assert!(output.contains("NOT_SET_ANYWHERE"), "{output}");
}

#[test]
fn the_version_is_told() {
    let output = tollgate(&["--version"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "tollgate 0.1.0");
}

#[test]
fn unknown_commands_and_options_are_refused() {
    for arguments in [&["fly"][..], &["run", "--wings"], &["check"], &["run", "--port", "many"]] {
        let output = tollgate(arguments);
        assert_eq!(output.status.code(), Some(USAGE), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?} said nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_file_refuses_the_start() {
    let upstream = Upstream::start().await;
    let config = Config::new().models(&upstream, &["echo"]).section("unheard_of: 1\n");
    let (status, output) = Builder::new(config).start_refused().await;
    assert_eq!(status.code(), Some(USAGE), "{output}");
    assert!(output.contains("unheard_of"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_refuses_the_start() {
    let upstream = Upstream::start().await;
    let gateway = Builder::new(Config::new().models(&upstream, &["echo"])).prepare();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", gateway.port)).expect("the port");
    let mut gateway = gateway;
    gateway.spawn();
    let status = gateway.exited().await;
    assert!(!status.success());
    let output = gateway.output();
    assert!(output.contains(&gateway.port.to_string()), "{output}");
}
