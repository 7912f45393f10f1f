//! One process after the other on a data directory: who runs there, and how a new one asks it for
//! its sockets.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Holds the process's id, and its lock for as long as it runs.
const FILE: &str = "tollgate.pid";
/// The old process serves stragglers for 50 ms; what they reserved is known some 50 ms later.
const PAUSE: Duration = Duration::from_millis(200);

/// A process cannot take over, or cannot say that it runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeoverError {
    #[error("there is no gateway to take over from: none runs on {0}")]
    NoneRuns(String),
    #[error("the process id in {path} cannot be used: {why}")]
    File { path: String, why: String },
}

/// This process, as the others on the data directory know it.
pub(crate) struct Instance {
    path: PathBuf,
    file: File,
}

// === impl Instance ===

impl Instance {
    /// Takes the place of whoever was there.
    pub(crate) fn register(data_dir: &Path) -> Result<Self, TakeoverError> {
        let path = data_dir.join(FILE);
        let unfinished = path.with_extension("pid.new");
        let written = || {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&unfinished)?;
            file.try_lock()?;
            writeln!(file, "{}", std::process::id())?;
            std::fs::rename(&unfinished, &path)?;
            Ok::<_, std::io::Error>(file)
        };
        match written() {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Takes its name away, unless another process has it by now.
    pub(crate) fn leave(self) {
        let own = format!("{}\n", std::process::id());
        if std::fs::read_to_string(&self.path).is_ok_and(|text| text == own) {
            let _gone = std::fs::remove_file(&self.path);
        }
        drop(self.file);
    }
}

/// Asks the process that runs on `data_dir` for its sockets. It finds nobody at `handover` yet, goes
/// on serving for a second and then tries again; asked later, it would stop while this process
/// still sleeps between two looks.
pub(crate) fn ask(data_dir: &Path, handover: &Path) -> Result<(), TakeoverError> {
    let path = data_dir.join(FILE);
    let pid = running(&path)?;
    let _stale = std::fs::remove_file(handover);
    kill_process(pid, Signal::QUIT).map_err(|error| failed(&path, &error))
}

/// The process that holds the file's lock.
fn running(path: &Path) -> Result<Pid, TakeoverError> {
    let none = || TakeoverError::NoneRuns(path.parent().unwrap_or(path).display().to_string());
    let mut file = File::open(path).map_err(|_| none())?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) => return Err(none()),
        Err(TryLockError::Error(error)) => return Err(failed(path, &error)),
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| failed(path, &error))?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| failed(path, &"it holds no number"))
}

/// Connections wait in the sockets' queues meanwhile: until the old process's last calls are known
/// here, none may be admitted.
pub(crate) async fn let_the_other_finish() {
    tokio::time::sleep(PAUSE).await;
}

fn failed(path: &Path, why: &dyn std::fmt::Display) -> TakeoverError {
    TakeoverError::File { path: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_for_as_long_as_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        assert!(matches!(running(&path), Err(TakeoverError::NoneRuns(_))));
        let first = Instance::register(dir.path()).unwrap();
        assert_eq!(
            running(&path).unwrap().as_raw_nonzero().get().unsigned_abs(),
            std::process::id()
        );
        first.leave();
        assert!(matches!(running(&path), Err(TakeoverError::NoneRuns(_))));
    }

    #[test]
    fn a_file_that_nobody_holds_is_no_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        std::fs::write(&path, "1\n").unwrap();
        assert!(matches!(running(&path), Err(TakeoverError::NoneRuns(_))));
    }

    #[test]
    fn the_last_one_keeps_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let first = Instance::register(dir.path()).unwrap();
        std::fs::write(dir.path().join(FILE), "999999\n").unwrap();
        first.leave();
        assert!(dir.path().join(FILE).exists());
    }
}
