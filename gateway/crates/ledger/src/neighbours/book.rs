//! Which calls of other processes are open, which have ended, and by which source that was heard.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use tollgate_domain::{CallId, NanoUsd};
use uuid::Uuid;

use crate::journal::tail::Entry;
use crate::store::Inserted;
use crate::store::stream::{Charged, Place};
use crate::{Budgets, Settled};

/// Bounded by the calls that processes hold open, and by those that are settled and not shipped:
/// about 200 bytes each.
#[derive(Default)]
pub(crate) struct Book {
    /// Up to here the store's rows are applied.
    place: Place,
    /// The last of them that was not this process's own.
    last_foreign: Place,
    /// Open calls of others, and the segment that each was opened in.
    held: HashMap<CallId, Uuid>,
    /// Calls of others that were heard to have ended and have no row yet, as far as applied.
    unshipped: HashMap<CallId, Ended>,
    /// Own calls whose rows are on their way.
    shipping: HashSet<CallId>,
}

struct Ended {
    key_id: String,
    amount: NanoUsd,
}

/// The part of an opened record that matters here.
#[derive(Deserialize)]
struct Reserved {
    key_id: String,
    reserved: NanoUsd,
}

// === impl Book ===

impl Book {
    /// Begins behind the rows that are there now.
    pub(crate) fn begin(&mut self, place: Place) {
        self.place = place;
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn last_foreign(&self) -> Place {
        self.last_foreign
    }

    /// Every call that is in the book.
    pub(crate) fn calls(&self) -> Vec<CallId> {
        self.held.keys().chain(self.unshipped.keys()).copied().collect()
    }

    /// What others have settled of a key and the store does not know yet, as far as its rows are
    /// applied.
    pub(crate) fn unshipped(&self, key_id: &str) -> NanoUsd {
        let ended = self.unshipped.values().filter(|ended| ended.key_id == key_id);
        ended.fold(NanoUsd::ZERO, |sum, ended| sum.saturating_add(ended.amount))
    }

    /// Follows records of another process.
    pub(crate) fn follow(&mut self, segment: Uuid, entries: Vec<Entry>, budgets: &dyn Budgets) {
        for entry in entries {
            match entry {
                Entry::Opened(call, payload) => self.open(call, segment, &payload, budgets),
                // What is reserved stays so until the call ends.
                Entry::Progress(..) => {}
                Entry::Settled(settled) => self.settle(*settled, budgets),
            }
        }
    }

    fn open(&mut self, call: CallId, segment: Uuid, payload: &[u8], budgets: &dyn Budgets) {
        if self.unshipped.contains_key(&call) {
            return;
        }
        match serde_json::from_slice::<Reserved>(payload) {
            Ok(opened) => {
                self.held.insert(call, segment);
                budgets.hold(call, &opened.key_id, opened.reserved);
            }
            Err(error) => {
                log::error!("journal: another's call {call} cannot be read: {error}");
            }
        }
    }

    fn settle(&mut self, settled: Settled, budgets: &dyn Budgets) {
        let Settled { opened, charge, .. } = settled;
        self.held.remove(&opened.call);
        if self.unshipped.contains_key(&opened.call) {
            return;
        }
        budgets.settle(opened.call, &opened.key_id, charge.amount);
        let ended = Ended { key_id: opened.key_id, amount: charge.amount };
        self.unshipped.insert(opened.call, ended);
    }

    /// Applies rows, in order; those that were applied before change nothing.
    pub(crate) fn apply(&mut self, rows: Vec<Charged>, budgets: &dyn Budgets) {
        for row in rows {
            if row.place <= self.place {
                continue;
            }
            self.place = row.place;
            if self.shipping.remove(&row.call) {
                continue;
            }
            self.last_foreign = row.place;
            if self.unshipped.remove(&row.call).is_none() {
                self.held.remove(&row.call);
                budgets.settle(row.call, &row.key_id, row.amount);
            }
        }
    }

    /// Drops calls whose rows are before the beginning: they are in what keys are seeded with.
    pub(crate) fn forget_stored(&mut self, calls: &[CallId], budgets: &dyn Budgets) {
        for call in calls {
            self.unshipped.remove(call);
            if self.held.remove(call).is_some() {
                budgets.release(*call);
            }
        }
    }

    /// Ends what a segment that is gone has left. All its calls should have had rows.
    pub(crate) fn end_segment(&mut self, segment: Uuid, budgets: &dyn Budgets) {
        for (call, _) in self.held.extract_if(|_, opened_in| *opened_in == segment) {
            log::error!("journal: another's call {call} is gone without a row");
            budgets.release(call);
        }
    }

    /// Own calls are about to have rows.
    pub(crate) fn shipping(&mut self, calls: &[Settled]) {
        self.shipping.extend(calls.iter().map(|settled| settled.opened.call));
    }

    /// They have them. If nobody else's rows are between, they need not be read back.
    pub(crate) fn shipped(&mut self, calls: &[Settled], inserted: Inserted) {
        if self.place == inserted.before {
            self.place = inserted.after;
        }
        if self.place >= inserted.after {
            for settled in calls {
                self.shipping.remove(&settled.opened.call);
            }
        }
    }
}

#[cfg(test)]
mod tests;
