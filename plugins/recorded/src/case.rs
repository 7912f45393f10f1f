//! Cases on disk.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::frames::{self, Piece};
use crate::setting::Setting;

/// A case.
#[derive(Debug)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// What the host says.
    pub setting: Setting,
    /// The client's body.
    pub request: Option<String>,
    /// The frames of the provider's answer.
    pub answer: Option<Vec<Piece>>,
    folder: PathBuf,
}

/// Reads every case in a folder, in the order of their names.
///
/// # Errors
///
/// There is none, or one cannot be read.
pub fn cases(folder: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        folders.push(entry?.path());
    }
    folders.sort();
    let cases: Result<Vec<_>, _> = folders.into_iter().map(Case::read).collect();
    match cases? {
        cases if cases.is_empty() => Err("there are no cases".into()),
        cases => Ok(cases),
    }
}

// === impl Case ===

impl Case {
    fn read(folder: PathBuf) -> Result<Self, Box<dyn Error>> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = |file| optional(&folder.join(file));
        let wrong = |error| format!("{name}/setting.json: {error}");
        let mut setting: Setting = match read("setting.json")? {
            Some(text) => serde_json::from_str(&text).map_err(wrong)?,
            None => Setting::default(),
        };
        let stream = read("answer.sse")?;
        setting.streamed |= stream.is_some();
        let answer = match stream {
            Some(stream) => Some(frames::events(&stream)),
            None => read("answer.json")?.map(|whole| frames::whole(&whole)),
        };
        Ok(Self { request: read("request.json")?, setting, answer, name, folder })
    }

    /// Compares a text with the file that has the expected one; or writes it there.
    ///
    /// # Errors
    ///
    /// They differ, or the file cannot be read or written.
    pub fn compare(&self, file: &str, text: &str) -> Result<(), Box<dyn Error>> {
        let path = self.folder.join(file);
        if env::var_os("TOLLGATE_BLESS").is_some() {
            return Ok(fs::write(path, text)?);
        }
        let expected = optional(&path)?.unwrap_or_default();
        if expected == text {
            return Ok(());
        }
        let name = &self.name;
        Err(format!("{name}/{file} differs. Expected:\n{expected}\nGot:\n{text}").into())
    }
}

fn optional(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
