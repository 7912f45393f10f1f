//! One segment file, held under its lock as long as the value lives.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tollgate_domain::unix_now;
use uuid::Uuid;

use super::format::{Defect, HEADER_BYTES, Hash, Header};

const SUFFIX: &str = "tgj";
const UNFINISHED: &str = "new";
const DAMAGED: &str = "damaged";

/// A segment that this process may read and, if it made it, append to.
pub(crate) struct Segment {
    pub(crate) header: Header,
    pub(crate) path: PathBuf,
    file: File,
    /// Everything before it is whole records.
    end: AtomicU64,
    /// Nothing will be appended any more.
    sealed: AtomicBool,
    /// Something was appended since the last fsync.
    dirty: AtomicBool,
}

/// What a file turned out to be.
pub(crate) enum Adopted {
    /// A segment of a dead process, now held.
    Segment(Segment),
    /// Held by another process, or gone.
    Busy,
    /// No segment that could be read; it was set aside.
    Damaged(PathBuf),
}

// === impl Segment ===

impl Segment {
    /// Makes and locks a new segment. It gets its name only then, so that no other process can
    /// find it without its lock or its header.
    pub(crate) fn create(dir: &Path, id: Uuid, seed: Hash) -> io::Result<Self> {
        let header = Header { id, created: unix_now(), seed };
        let path = dir.join(format!("{}.{SUFFIX}", header.id));
        let unfinished = path.with_extension(UNFINISHED);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let mut file = options.open(&unfinished)?;
        file.try_lock()?;
        file.write_all(&header.to_bytes())?;
        fs::rename(&unfinished, &path)?;
        Ok(Self {
            header,
            path,
            file,
            end: AtomicU64::new(HEADER_BYTES),
            sealed: AtomicBool::new(false),
            dirty: AtomicBool::new(false),
        })
    }

    /// Opens another process's segment, to read what it writes there; none: it is gone or cannot
    /// be read, which is recovery's business.
    pub(crate) fn watch(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut start = Vec::new();
        (&file).take(HEADER_BYTES).read_to_end(&mut start)?;
        Ok(Header::parse(&start).ok().map(|header| Self {
            header,
            path,
            file,
            end: AtomicU64::new(HEADER_BYTES),
            sealed: AtomicBool::new(false),
            dirty: AtomicBool::new(false),
        }))
    }

    /// Lets readers see what another process has written until now.
    pub(crate) fn refresh(&self) -> io::Result<()> {
        self.end.store(self.file.metadata()?.len(), Ordering::Release);
        Ok(())
    }

    /// Takes over a segment whose process is dead.
    fn adopt(path: PathBuf) -> io::Result<Adopted> {
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Adopted::Busy),
            other => other?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(Adopted::Busy),
            other => other?,
        }
        // Who held the lock before may have finished with the file while it was being opened.
        if !path.exists() {
            return Ok(Adopted::Busy);
        }
        let length = file.metadata()?.len();
        let mut start = vec![0; usize::try_from(length.min(HEADER_BYTES)).unwrap_or(0)];
        file.read_exact_at(&mut start, 0)?;
        let header = match Header::parse(&start) {
            Ok(header) => header,
            // A power loss right after the file was made: it never held a record.
            Err(Defect::Incomplete) => {
                fs::remove_file(&path)?;
                return Ok(Adopted::Busy);
            }
            Err(Defect::Broken(_)) => {
                set_aside(&path)?;
                return Ok(Adopted::Damaged(path));
            }
        };
        Ok(Adopted::Segment(Self {
            header,
            path,
            file,
            end: AtomicU64::new(length),
            sealed: AtomicBool::new(true),
            dirty: AtomicBool::new(false),
        }))
    }

    /// Appends a whole record. After an error nothing more may be appended.
    pub(crate) fn append(&self, record: &[u8]) -> io::Result<Appended> {
        let end = self.end();
        if let Err(error) = (&self.file).write_all(record) {
            self.seal();
            // A part of the record may be there; readers stop at `end` in any case.
            self.truncate(end).ok();
            return Err(error);
        }
        self.end.store(end + record.len() as u64, Ordering::Release);
        Ok(match self.dirty.swap(true, Ordering::AcqRel) {
            false => Appended::FirstSinceSync,
            true => Appended::More,
        })
    }

    /// The end of the last whole record.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Ends the segment.
    pub(crate) fn seal(&self) {
        self.sealed.store(true, Ordering::Release);
    }

    /// Whether the segment has ended.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::Acquire)
    }

    /// Cuts off what follows `end`.
    pub(crate) fn truncate(&self, end: u64) -> io::Result<()> {
        self.file.set_len(end)?;
        self.end.store(end, Ordering::Release);
        Ok(())
    }

    /// Brings what was appended to the disk, if anything was.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if self.dirty.swap(false, Ordering::AcqRel) { self.file.sync_data() } else { Ok(()) }
    }

    /// Reads as much as there is, up to the size of `buffer`.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// When the file was last written, in Unix milliseconds; now if that is not known.
    pub(crate) fn written_at(&self) -> u64 {
        let modified = self.file.metadata().and_then(|metadata| metadata.modified()).ok();
        let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        since.and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or_else(unix_now)
    }

    /// Deletes the file.
    pub(crate) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Keeps the file under a name that recovery does not look at.
    pub(crate) fn set_aside(&self) -> io::Result<()> {
        set_aside(&self.path)
    }
}

/// What an append was to the fsync thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// The thread must be woken.
    FirstSinceSync,
    /// It knows already.
    More,
}

fn set_aside(path: &Path) -> io::Result<()> {
    fs::rename(path, path.with_extension(format!("{SUFFIX}.{DAMAGED}")))
}

/// The segments in a folder, by the id in their names.
pub(crate) fn find_all(dir: &Path) -> io::Result<Vec<(Uuid, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_segment = path.extension().is_some_and(|extension| extension == SUFFIX);
        let id = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        found.extend(id.filter(|_| is_segment).map(|id| (id, path)));
    }
    found.sort();
    Ok(found)
}

/// Segments in a folder that were set aside.
pub(crate) fn find_damaged(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == DAMAGED)).collect();
    found.sort();
    found
}

/// Takes over every segment of dead processes, oldest first.
pub(crate) fn adopt_all(dir: &Path) -> io::Result<Vec<Adopted>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(SUFFIX) => paths.push(path),
            Some(UNFINISHED) => remove_unfinished(&path),
            _ => {}
        }
    }
    // The names are ordered by time of creation.
    paths.sort();
    paths.into_iter().map(Segment::adopt).collect()
}

/// A process died while it made a segment. If one is making it just now, that one tries again.
fn remove_unfinished(path: &Path) {
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        fs::remove_file(path).ok();
    }
}
