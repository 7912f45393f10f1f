//! Builds the guests in `plugins/` with a cargo of their own and turns them into components.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";

/// What the gateway itself runs, by the name of its folder in `plugins/`.
const COMPONENTS: &[&str] = &[
    "authenticator-key",
    "limiter-key",
    "meter-tokens",
    "provider-anthropic",
    "provider-bedrock",
    "provider-cohere",
    "provider-gemini",
    "provider-mock",
    "provider-openai",
];

/// What is only built for tests and the bench, by the name of its folder in `plugins/examples/`.
const FIXTURES: &[&str] = &[
    "authenticator-noop",
    "authenticator-team-header",
    "fixture-bulk",
    "fixture-decoder",
    "fixture-flood",
    "fixture-grow",
    "fixture-hostcalls",
    "fixture-limiter-trap",
    "fixture-meter-trap",
    "fixture-recursion",
    "fixture-spin",
    "fixture-trap",
    "fixture-wrong-role",
    "limiter-noop",
    "meter-noop",
    "provider-noop",
];

/// What the outer cargo sets for its own build and must not reach the inner one: flags and
/// profiles for another target, and the wrapper by which `cargo clippy` works. The job server
/// stays, so that both builds together keep to one number of jobs.
const OUTER_VARIABLES: [&str; 10] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "CLIPPY_ARGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "__CARGO_DEFAULT_LIB_METADATA",
];

fn main() -> Result<(), Box<dyn Error>> {
    let crate_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    let root = crate_dir.ancestors().nth(3).ok_or("the crate is not in gateway/crates")?;
    let plugins = root.join("plugins");
    let target_dir = target_dir(&out_dir);
    watch(root, &plugins)?;
    if !has_target()? {
        println!(
            "cargo::error=the Rust target {TARGET} is missing, which the components are built \
             for; run `rustup target add {TARGET}` or `make setup`"
        );
        return Ok(());
    }

    let mut names = COMPONENTS.to_vec();
    if env::var_os("CARGO_FEATURE_FIXTURES").is_some() {
        names.extend(FIXTURES);
    }
    let modules = build(&plugins, &target_dir.join("plugins"), &names)?;
    let published = target_dir.join("components");
    fs::create_dir_all(&published)?;
    for name in names {
        let module = modules.join(format!("{}.wasm", name.replace('-', "_")));
        let component = encode(&module).map_err(|error| format!("{name}: {error}"))?;
        let file = format!("{name}.wasm");
        fs::write(out_dir.join(&file), &component)?;
        replace(&published.join(&file), &component)?;
    }
    Ok(())
}

fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}

/// The folder that cargo builds into: the ancestor that it has marked as such. Where there is
/// none, the script's own folder serves.
fn target_dir(out_dir: &Path) -> PathBuf {
    let marked = out_dir.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    marked.unwrap_or(out_dir).to_path_buf()
}

/// Names everything that the components are made of, but not what a build of `plugins/` by hand
/// leaves there.
fn watch(root: &Path, plugins: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", root.join("wit").display());
    println!("cargo::rerun-if-changed={}", root.join("rust-toolchain.toml").display());
    println!("cargo::rerun-if-changed=build.rs");
    for entry in fs::read_dir(plugins)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name != "target") {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    Ok(())
}

/// Whether the standard library for the guests' target is installed.
fn has_target() -> Result<bool, Box<dyn Error>> {
    let output = Command::new(variable("RUSTC")?)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()?;
    let folder = String::from_utf8(output.stdout)?;
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}

/// Builds the guests; gives the folder with their core modules. Flags for the linker come from
/// `plugins/.cargo/config.toml`, which cargo reads because it starts in `plugins/`.
fn build(plugins: &Path, target_dir: &Path, names: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .current_dir(plugins)
        .args(["build", "--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(target_dir);
    for name in names {
        cargo.args(["--package", name]);
    }
    for name in OUTER_VARIABLES {
        cargo.env_remove(name);
    }
    let output = cargo.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the components cannot be built:\n{said}").into());
    }
    Ok(target_dir.join(TARGET).join("release"))
}

/// Turns a core module into a component.
fn encode(module: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = fs::read(module)?;
    let encoded = ComponentEncoder::default().validate(true).module(&bytes)?.encode();
    encoded.map_err(|error| format!("{error:#}").into())
}

/// Puts a file in place at once, so that nobody who reads it meets half of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)
}
