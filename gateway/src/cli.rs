//! The command line: what can be asked, and the exit codes.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tollgate_config::{Config, Loaded, Mistake};
use tollgate_import::{Disk, Options};

use crate::wiring::store;
use crate::{app, books};

/// The command line or the configuration is wrong; `EX_USAGE` of sysexits.
const EXIT_USAGE: u8 = 64;
/// The gateway could not start.
pub(crate) const EXIT_FAILURE: u8 = 1;

/// An LLM edge gateway whose policies are sandboxed WebAssembly components.
#[derive(Parser)]
#[command(name = "tollgate", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the gateway.
    Run(Run),
    /// Reads a configuration and reports every mistake.
    Check(Check),
    /// Brings the schema of the database up to date, for who does so apart from a start.
    Migrate(books::Place),
    /// Checks the ledger, or prices its calls anew.
    #[command(subcommand)]
    Ledger(books::Ledger),
    /// Makes a configuration from another server's.
    #[command(subcommand)]
    Import(Import),
}

/// What `run` is told.
#[derive(Clone, clap::Args)]
pub(crate) struct Run {
    /// A `litellm-config.yaml`, or a Tollgate configuration. Without one, the embedded default.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address of the plain listener.
    #[arg(long, value_name = "H", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) host: IpAddr,
    /// Port of the plain listener.
    #[arg(long, value_name = "N", default_value_t = 24157)]
    pub(crate) port: u16,
    /// Where keys, ledger, journal and certificates are kept.
    #[arg(long, value_name = "D", default_value = "tollgate-data")]
    pub(crate) data_dir: PathBuf,
    /// Takes the sockets over from the gateway that runs on the same data directory, which finishes
    /// what is under way and ends.
    #[arg(long)]
    pub(crate) upgrade: bool,
}

#[derive(clap::Args)]
struct Check {
    /// The configuration to read.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Import {
    /// Writes the `edge:` section that answers as an nginx server file does, and lists on standard
    /// error what could not be taken over.
    Nginx(Nginx),
}

#[derive(clap::Args)]
struct Nginx {
    /// The server file, or the whole `nginx.conf`; files that it includes are read as well.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write the section, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Serve from Tollgate itself what nginx sends to LiteLLM on this machine (ports 4000, 24157).
    #[arg(long)]
    litellm_here: bool,
}

/// Does what the command line asks.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let usage = error.use_stderr();
            let _closed = error.print();
            return if usage { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match arguments.command {
        Command::Run(run) => start(&run),
        Command::Check(check) => report(&check),
        Command::Migrate(place) => {
            configured(place.config.as_deref(), |config| books::migrate(&place, config))
        }
        Command::Ledger(asked) => {
            configured(asked.place().config.as_deref(), |config| books::ledger(&asked, config))
        }
        Command::Import(Import::Nginx(nginx)) => import(&nginx),
    }
}

/// Does something with a configuration that is right.
fn configured(file: Option<&std::path::Path>, work: impl Fn(&Config) -> ExitCode) -> ExitCode {
    match load(file) {
        Ok(loaded) => work(&loaded.config),
        Err(mistakes) => refuse(&mistakes),
    }
}

fn start(run: &Run) -> ExitCode {
    let loaded = match load(run.config.as_deref()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return refuse(&mistakes),
    };
    match app::run(run, loaded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "tollgate cannot start: {error}");
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

fn report(check: &Check) -> ExitCode {
    match load(Some(&check.config)) {
        Ok(Loaded { config, notices }) => {
            if let Err(error) = store::database(&config) {
                let _closed = writeln!(std::io::stderr(), "the database's address: {error}");
                return ExitCode::from(EXIT_USAGE);
            }
            let mut out = std::io::stdout();
            for notice in notices {
                let _closed = writeln!(out, "{notice}");
            }
            let models = config.models.len();
            let _closed = writeln!(out, "{}: ok, {models} deployments", config.source);
            ExitCode::SUCCESS
        }
        Err(mistakes) => refuse(&mistakes),
    }
}

fn import(nginx: &Nginx) -> ExitCode {
    let options = Options { litellm_here: nginx.litellm_here };
    let mut messages = std::io::stderr();
    let imported = match tollgate_import::import(&Disk, &nginx.file, options) {
        Ok(imported) => imported,
        Err(broken) => {
            let _closed = writeln!(messages, "{broken}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    for note in &imported.notes {
        let _closed = writeln!(messages, "{note}");
    }
    let (name, written) = match &nginx.output {
        Some(file) => (file.display().to_string(), std::fs::write(file, &imported.yaml)),
        None => {
            let written = std::io::stdout().write_all(imported.yaml.as_bytes());
            ("standard output".to_owned(), written)
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(messages, "{name} cannot be written: {error}");
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

fn load(file: Option<&std::path::Path>) -> Result<Loaded, Vec<Mistake>> {
    tollgate_config::load(file, &|name| std::env::var(name).ok())
}

fn refuse(mistakes: &[Mistake]) -> ExitCode {
    let mut out = std::io::stderr();
    for mistake in mistakes {
        let _closed = writeln!(out, "{mistake}");
    }
    ExitCode::from(EXIT_USAGE)
}
