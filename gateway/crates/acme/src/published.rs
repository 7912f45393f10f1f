//! Answers in files, so that every process on a data directory can give them: the CA's question
//! may arrive at another gateway than the one that ordered.
//!
//! Nothing here waits for the disk: an answer is needed for seconds, and not after a crash.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::AcmeError;
use crate::store::{make_folder, read};

/// What is older was left by a process that died.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);

/// No token or domain is longer. The names come from whoever asks.
const NAME_BYTES_MAX: usize = 253;

/// A folder of answers.
#[derive(Debug)]
pub(crate) struct SharedAnswers {
    folder: PathBuf,
}

impl SharedAnswers {
    /// Makes the folder and takes away what dead processes left.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, AcmeError> {
        let root = data_dir.join("acme");
        let folder = root.join("challenges");
        make_folder(&root)?;
        make_folder(&folder)?;
        let now = SystemTime::now();
        for entry in std::fs::read_dir(&folder).map_err(AcmeError::file(&folder))?.flatten() {
            let changed = entry.metadata().and_then(|about| about.modified());
            if changed.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > AGE_MAX)) {
                // Another process that starts may have been quicker.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(Self { folder })
    }

    /// Shows an answer to all processes.
    pub(crate) fn put(&self, kind: &str, name: &str, answer: &str) -> Result<(), AcmeError> {
        let Some(path) = self.path(kind, name) else { return Ok(()) };
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let written = write(&beside, answer).and_then(|()| std::fs::rename(&beside, &path));
        written.map_err(AcmeError::file(&path))
    }

    /// An answer that some process shows.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<String> {
        read(&self.path(kind, name)?).ok().flatten()
    }

    /// Takes an answer back.
    pub(crate) fn remove(&self, kind: &str, name: &str) {
        if let Some(path) = self.path(kind, name) {
            // If it stays, it answers a question that nobody asks any more.
            let _ = std::fs::remove_file(path);
        }
    }

    /// The file of an answer. None for what is neither a token nor a domain: a path, say.
    fn path(&self, kind: &str, name: &str) -> Option<PathBuf> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let fits = (1..=NAME_BYTES_MAX - kind.len()).contains(&name.len());
        let fits = fits && name.bytes().all(plain);
        fits.then(|| self.folder.join(format!("{kind}-{name}")))
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_answers_for_the_other_until_it_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let one = SharedAnswers::open(folder.path()).unwrap();
        let other = SharedAnswers::open(folder.path()).unwrap();
        one.put("http", "token", "answer").unwrap();
        assert_eq!(other.get("http", "token").as_deref(), Some("answer"));
        assert_eq!(other.get("tls", "token"), None);
        one.remove("http", "token");
        assert_eq!(other.get("http", "token"), None);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let answers = SharedAnswers::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        let long = "x".repeat(300);
        for name in ["../../secret", "/../../secret", "..", "a/b", "a\0b", "", "%2e%2e", &long] {
            assert_eq!(answers.get("http", name), None, "{name}");
        }
    }

    #[test]
    fn what_a_dead_process_left_is_taken_away_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let answers = SharedAnswers::open(folder.path()).unwrap();
        for name in ["old", "new"] {
            answers.put("http", name, "answer").unwrap();
        }
        let old = std::fs::File::open(answers.path("http", "old").unwrap()).unwrap();
        old.set_modified(SystemTime::now() - AGE_MAX - Duration::from_secs(60)).unwrap();
        let again = SharedAnswers::open(folder.path()).unwrap();
        assert_eq!(again.get("http", "old"), None);
        assert_eq!(again.get("http", "new").as_deref(), Some("answer"));
    }
}
