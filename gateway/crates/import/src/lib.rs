//! An nginx server file to the `edge:` section of Tollgate's configuration, and what was left out.
//!
//! Reading comes in three steps: [`import`] parses the file and what it includes, translates the
//! tree, and writes YAML. What cannot be taken over becomes a [`Note`]; only a file that nginx would
//! refuse as well is [`Broken`].
//!
//! ```
//! use tollgate_import::{Disk, Options, import};
//!
//! let folder = std::env::temp_dir().join(format!("import-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let file = folder.join("site.conf");
//! std::fs::write(&file, "server { listen 80; location / { proxy_pass http://localhost:8080; } }")?;
//! let imported = import(&Disk, &file, Options::default())?;
//! assert!(imported.yaml.contains("to: http://localhost:8080"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod broken;
mod glob;
mod include;
mod lexer;
mod model;
mod note;
mod parser;
mod source;
mod translate;
mod write;

pub use broken::Broken;
pub use note::{Fate, Note, Place};
pub use source::{Disk, Source};

use std::path::Path;

/// What the operator chose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Routes to a LiteLLM on this machine go to Tollgate itself, which takes its place.
    pub litellm_here: bool,
}

/// What came of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The `edge:` section.
    pub yaml: String,
    /// What was not taken over or means something else now, by file and line.
    pub notes: Vec<Note>,
}

/// Reads an nginx file and what it includes.
///
/// # Errors
/// [`Broken`] if a file cannot be read or is not in nginx's syntax, or if nothing came of it.
pub fn import(source: &dyn Source, file: &Path, options: Options) -> Result<Imported, Broken> {
    let mut notes = note::Notes::default();
    let tree = include::load(source, file, &mut notes)?;
    let edge = translate::edge(&tree, options, &mut notes);
    if edge.listeners.is_empty() {
        return Err(Broken::NoServer { file: file.display().to_string() });
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Imported { yaml: write::write(&edge, &name), notes: notes.sorted() })
}
