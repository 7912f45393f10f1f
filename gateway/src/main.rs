//! Tollgate, an LLM edge gateway: this file reads the command line and ends the process; `app.rs`
//! puts the parts together.

mod app;
mod banner;
mod books;
mod cli;
mod credentials;
mod deployments;
mod foundation;
mod master_key;
mod plugins;
mod reload;
mod takeover;
mod wiring {
    //! Each part's needs, met by another part.
    pub(crate) mod health;
    pub(crate) mod keys;
    pub(crate) mod limits;
    pub(crate) mod prices;
    pub(crate) mod store;
    pub(crate) mod watch;
}

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
