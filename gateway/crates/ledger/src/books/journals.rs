//! Follows the hash chains of a journal without touching it: a live process may be writing.

use std::path::Path;
use std::sync::Arc;

use crate::journal::segment::{self, Segment};
use crate::journal::tail::{ReadEnd, Tail};
use crate::shipper::BATCH_MAX;

/// A segment, as far as its chain holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The file.
    pub name: String,
    /// Records that follow from one another.
    pub records: u64,
    /// What is wrong behind them. The beginning of a record is not: it may just be written.
    pub defect: Option<String>,
}

/// Follows every segment in a folder, and names those that were set aside as damaged.
pub(super) fn follow(folder: &Path) -> Vec<Chain> {
    let Ok(found) = segment::find_all(folder) else { return Vec::new() };
    let live = found.into_iter().filter_map(|(_, path)| {
        let name = name_of(&path);
        match Segment::watch(path) {
            Ok(Some(segment)) => Some(chain(segment, name)),
            Ok(None) => None,
            Err(error) => Some(Chain { name, records: 0, defect: Some(error.to_string()) }),
        }
    });
    live.chain(segment::find_damaged(folder).into_iter().map(|path| Chain {
        name: name_of(&path),
        records: 0,
        defect: Some("it was set aside as damaged".to_owned()),
    }))
    .collect()
}

fn chain(segment: Segment, name: String) -> Chain {
    let mut chain = Chain { name, records: 0, defect: None };
    if let Err(error) = segment.refresh() {
        chain.defect = Some(error.to_string());
    }
    let mut tail = Tail::new(Arc::new(segment));
    while chain.defect.is_none() {
        match tail.read(BATCH_MAX, u64::MAX) {
            Ok((entries, end)) => {
                chain.records += entries.len() as u64;
                match end {
                    ReadEnd::More if !entries.is_empty() => {}
                    ReadEnd::More | ReadEnd::CaughtUp | ReadEnd::Torn { .. } => break,
                    ReadEnd::Damaged { reason } => {
                        let offset = tail.position.offset;
                        chain.defect = Some(format!("{reason}, at {offset}"));
                    }
                }
            }
            Err(error) => chain.defect = Some(error.to_string()),
        }
    }
    chain
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
