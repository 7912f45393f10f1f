//! Where files come from: the disk, or a test's memory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most that is read of one file. nginx files of a whole fleet are smaller.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// Files and folders.
pub trait Source {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, in any order.
    ///
    /// # Errors
    /// Whatever keeps the folder from being read.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

// === impl Disk ===

impl Source for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One more than allowed, so that the reader sees that it is too much.
        let limit = FILE_BYTES_MAX as u64 + 1;
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect()
    }
}
