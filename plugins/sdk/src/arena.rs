//! Where blocks of memory go: the arithmetic of the allocator, without any memory.
//!
//! Blocks are taken one after the other from an arena inside the initial memory and, once that is
//! full, from pages added at the end. The last one is given back to them; others are kept in lists
//! by their size, until one of that size is wanted. When none lives any more, which is the case
//! between two calls of an instance, everything begins anew.

use crate::classes::{FreeLists, Links, STEP, rounded};

/// Bytes of a WebAssembly page.
pub(crate) const PAGE: usize = 65_536;

/// A range of addresses, used from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Region {
    start: usize,
    next: usize,
    end: usize,
}

/// All the memory for blocks.
#[derive(Debug)]
pub(crate) struct Arena {
    fixed: Region,
    grown: Region,
    free: FreeLists,
    live: usize,
}

/// The memory that the addresses are of.
pub(crate) trait Memory: Links {
    /// Adds pages; gives the address of the first.
    fn grow(&mut self, pages: usize) -> Option<usize>;
}

// === impl Region ===

impl Region {
    const fn new(start: usize, end: usize) -> Self {
        Self { start, next: start, end }
    }

    fn take(&mut self, size: usize, align: usize) -> Option<usize> {
        let start = self.next.checked_next_multiple_of(align)?;
        let next = start.checked_add(size)?;
        if next > self.end {
            return None;
        }
        self.next = next;
        Some(start)
    }

    fn ends_with(&self, block: usize, size: usize) -> bool {
        self.start <= block && block.checked_add(size) == Some(self.next)
    }
}

// === impl Arena ===

impl Arena {
    /// An arena without room: everything comes from added pages.
    pub(crate) const fn empty() -> Self {
        Self {
            fixed: Region::new(0, 0),
            grown: Region::new(0, 0),
            free: FreeLists::empty(),
            live: 0,
        }
    }

    /// Gives the arena its range inside the initial memory. Does nothing after the first time.
    pub(crate) fn found(&mut self, start: usize, end: usize) {
        if self.fixed.end == 0 {
            self.fixed = Region::new(start, end);
        }
    }

    /// The address of a new block.
    pub(crate) fn take(
        &mut self,
        size: usize,
        align: usize,
        memory: &mut impl Memory,
    ) -> Option<usize> {
        let (size, align) = (rounded(size)?, align.max(STEP));
        let kept = if align == STEP { self.free.take(size, memory) } else { None };
        let block = match kept.or_else(|| self.fixed.take(size, align)) {
            Some(block) => block,
            None => match self.grown.take(size, align) {
                Some(block) => block,
                None => {
                    self.extend(size.checked_add(align)?, memory)?;
                    self.grown.take(size, align)?
                }
            },
        };
        self.live += 1;
        Some(block)
    }

    /// Gives a block back.
    pub(crate) fn give(&mut self, block: usize, size: usize, memory: &mut impl Memory) {
        self.live = self.live.saturating_sub(1);
        if self.live == 0 {
            self.fixed.next = self.fixed.start;
            self.grown.next = self.grown.start;
            self.free.clear();
            return;
        }
        let Some(size) = rounded(size) else { return };
        for region in [&mut self.fixed, &mut self.grown] {
            if region.ends_with(block, size) {
                region.next = block;
                return;
            }
        }
        self.free.give(block, size, memory);
    }

    /// Changes the size of a block where it is, if there is room: that of its class, or what
    /// follows it if it is the last one.
    pub(crate) fn resize(
        &mut self,
        block: usize,
        size: usize,
        new_size: usize,
        memory: &mut impl Memory,
    ) -> bool {
        let (Some(size), Some(new_size)) = (rounded(size), rounded(new_size)) else {
            return false;
        };
        let Some(next) = block.checked_add(new_size) else {
            return false;
        };
        if self.grown.ends_with(block, size) {
            let room = next <= self.grown.end || self.extend(new_size - size, memory).is_some();
            if room && next <= self.grown.end && block >= self.grown.start {
                self.grown.next = next;
                return true;
            }
        } else if self.fixed.ends_with(block, size) && next <= self.fixed.end {
            self.fixed.next = next;
            return true;
        }
        new_size == size
    }

    /// Adds pages for at least `bytes`. Pages that do not follow those added before, because
    /// somebody else has added some, begin a new region; the rest of the old one is lost.
    fn extend(&mut self, bytes: usize, memory: &mut impl Memory) -> Option<()> {
        let pages = bytes.div_ceil(PAGE);
        let start = memory.grow(pages)?;
        let end = start.checked_add(pages.checked_mul(PAGE)?)?;
        if start == self.grown.end {
            self.grown.end = end;
        } else {
            self.grown = Region::new(start, end);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
