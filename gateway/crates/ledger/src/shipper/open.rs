//! Calls that were opened and not settled, as far as the journal was read.

use std::collections::HashMap;

use tollgate_domain::{CallId, Ending, Observed, UnixMillis, Usage};
use uuid::Uuid;

use crate::journal::tail::Entry;
use crate::{Opened, PriceInterrupted, Service, Settled};

/// The open calls. Bounded by the calls that a process can hold open at once.
#[derive(Default)]
pub(crate) struct OpenCalls {
    calls: HashMap<CallId, OpenCall>,
    /// How many of them were opened in each segment.
    by_segment: HashMap<Uuid, usize>,
}

struct OpenCall {
    segment: Uuid,
    opened: Box<[u8]>,
    progress: Option<Usage>,
}

// === impl OpenCalls ===

impl OpenCalls {
    /// Follows records of a segment; gives those that settle a call.
    pub(crate) fn follow(&mut self, segment: Uuid, entries: Vec<Entry>) -> Vec<Settled> {
        let mut settled = Vec::new();
        for entry in entries {
            match entry {
                Entry::Opened(call, opened) => {
                    let open = OpenCall { segment, opened, progress: None };
                    if let Some(again) = self.calls.insert(call, open) {
                        self.count_down(again.segment);
                    }
                    *self.by_segment.entry(segment).or_default() += 1;
                }
                Entry::Progress(call, usage) => {
                    if let Some(open) = self.calls.get_mut(&call) {
                        open.progress = Some(usage);
                    }
                }
                Entry::Settled(call) => {
                    if let Some(open) = self.calls.remove(&call.opened.call) {
                        self.count_down(open.segment);
                    }
                    settled.push(*call);
                }
            }
        }
        settled
    }

    /// Forgets the calls of a segment that is to be read again.
    pub(crate) fn forget_segment(&mut self, segment: Uuid) {
        self.calls.retain(|_, open| open.segment != segment);
        self.by_segment.remove(&segment);
    }

    /// Whether a call that was opened in this segment is still open.
    pub(crate) fn has_segment(&self, segment: Uuid) -> bool {
        self.by_segment.contains_key(&segment)
    }

    /// Ends every call, as its process is dead; it last wrote at `died_at`.
    pub(crate) fn interrupt(self, died_at: UnixMillis, price: &PriceInterrupted) -> Vec<Settled> {
        let mut calls: Vec<_> = self.calls.into_iter().collect();
        calls.sort_by_key(|(call, _)| *call);
        let ended = calls.into_iter().filter_map(|(call, open)| {
            let opened: Opened = match serde_json::from_slice(&open.opened) {
                Ok(opened) => opened,
                Err(error) => {
                    log::error!("journal: what opened call {call} cannot be read: {error}");
                    return None;
                }
            };
            let charge = price(&opened, &open.progress.unwrap_or_default());
            Some(Settled {
                ending: Ending::Interrupted,
                status: 0,
                error: Some("interrupted".to_owned()),
                usage: open.progress.map_or(Observed::Nothing, Observed::Estimated),
                charge,
                first_byte_at: None,
                ended_at: died_at.max(opened.started_at),
                plugins: Vec::new(),
                service: Service::default(),
                opened,
            })
        });
        ended.collect()
    }

    fn count_down(&mut self, segment: Uuid) {
        if let Some(count) = self.by_segment.get_mut(&segment) {
            *count -= 1;
            if *count == 0 {
                self.by_segment.remove(&segment);
            }
        }
    }
}
