//! Files that are only thought of, and a reader of YAML to judge by.

use std::io;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser};
use tollgate_import::{Disk, Source};

/// The files of the disk, except one.
pub(crate) struct Overlay {
    pub(crate) file: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

impl Source for Overlay {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.file { Ok(self.bytes.clone()) } else { Disk.read(path) }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        Disk.list(folder)
    }
}

/// Whether a text is YAML with listeners in it.
pub(crate) fn reads_as_yaml(text: &str) -> bool {
    let mut has_listeners = false;
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::Scalar(scalar, ..), _)) => has_listeners |= scalar == "listeners",
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    has_listeners
}
