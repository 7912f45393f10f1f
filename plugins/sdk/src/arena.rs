//! Where blocks of memory go: the arithmetic of the allocator, without any memory.
//!
//! Blocks are taken one after the other from an arena inside the initial memory and, once that is
//! full, from pages added at the end. A block is given back only if it is the last one; all are
//! when none lives any more, which is the case between two calls of an instance.

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
    live: usize,
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
        Self { fixed: Region::new(0, 0), grown: Region::new(0, 0), live: 0 }
    }

    /// Gives the arena its range inside the initial memory. Does nothing after the first time.
    pub(crate) fn found(&mut self, start: usize, end: usize) {
        if self.fixed.end == 0 {
            self.fixed = Region::new(start, end);
        }
    }

    /// The address of a new block. `grow` adds pages and gives the address of the first.
    pub(crate) fn take(
        &mut self,
        size: usize,
        align: usize,
        mut grow: impl FnMut(usize) -> Option<usize>,
    ) -> Option<usize> {
        let block = match self.fixed.take(size, align).or_else(|| self.grown.take(size, align)) {
            Some(block) => block,
            None => {
                self.extend(size.checked_add(align)?, &mut grow)?;
                self.grown.take(size, align)?
            }
        };
        self.live += 1;
        Some(block)
    }

    /// Gives a block back.
    pub(crate) fn give(&mut self, block: usize, size: usize) {
        self.live = self.live.saturating_sub(1);
        if self.live == 0 {
            self.fixed.next = self.fixed.start;
            self.grown.next = self.grown.start;
            return;
        }
        for region in [&mut self.fixed, &mut self.grown] {
            if region.ends_with(block, size) {
                region.next = block;
            }
        }
    }

    /// Changes the size of a block where it is, if it is the last one and there is room.
    pub(crate) fn resize(
        &mut self,
        block: usize,
        size: usize,
        new_size: usize,
        mut grow: impl FnMut(usize) -> Option<usize>,
    ) -> bool {
        let Some(next) = block.checked_add(new_size) else {
            return false;
        };
        if self.grown.ends_with(block, size) {
            let room = next <= self.grown.end || self.extend(new_size - size, &mut grow).is_some();
            if room && next <= self.grown.end && block >= self.grown.start {
                self.grown.next = next;
                return true;
            }
        } else if self.fixed.ends_with(block, size) && next <= self.fixed.end {
            self.fixed.next = next;
            return true;
        }
        new_size <= size
    }

    /// Adds pages for at least `bytes`. Pages that do not follow those added before, because
    /// somebody else has added some, begin a new region; the rest of the old one is lost.
    fn extend(
        &mut self,
        bytes: usize,
        grow: &mut impl FnMut(usize) -> Option<usize>,
    ) -> Option<()> {
        let pages = bytes.div_ceil(PAGE);
        let start = grow(pages)?;
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
mod tests {
    use super::*;

    const START: usize = 1024;
    const END: usize = 2048;

    fn arena() -> Arena {
        let mut arena = Arena::empty();
        arena.found(START, END);
        arena
    }

    fn no_growth(_: usize) -> Option<usize> {
        None
    }

    #[test]
    fn blocks_follow_each_other_and_are_aligned() {
        let mut arena = arena();
        assert_eq!(arena.take(3, 1, no_growth), Some(START));
        assert_eq!(arena.take(8, 8, no_growth), Some(START + 8));
        assert_eq!(arena.take(1, 1, no_growth), Some(START + 16));
    }

    #[test]
    fn the_last_block_is_given_back_and_changes_size_in_place() {
        let mut arena = arena();
        arena.take(8, 8, no_growth);
        let last = arena.take(8, 8, no_growth).unwrap();
        assert!(arena.resize(last, 8, 100, no_growth));
        assert!(!arena.resize(last, 100, 2000, no_growth));
        assert!(!arena.resize(START, 8, 9, no_growth), "not the last one");
        assert!(arena.resize(START, 8, 4, no_growth), "less always fits");
        arena.give(last, 100);
        assert_eq!(arena.take(8, 8, no_growth), Some(last));
    }

    #[test]
    fn everything_is_given_back_once_nothing_lives() {
        let mut arena = arena();
        for _ in 0..1000 {
            let blocks = [300, 300, 300].map(|size| arena.take(size, 8, no_growth).unwrap());
            assert_eq!(arena.take(300, 8, no_growth), None);
            blocks.into_iter().for_each(|block| arena.give(block, 300));
        }
    }

    #[test]
    fn pages_are_added_when_the_arena_is_full_and_used_again_after_the_call() {
        let mut pages = 1;
        let mut grow = |more: usize| {
            pages += more;
            Some((pages - more) * PAGE)
        };
        let mut arena = arena();
        for _ in 0..10 {
            let small = arena.take(1000, 8, &mut grow).unwrap();
            let large = arena.take(PAGE - 16, 8, &mut grow).unwrap();
            assert_eq!((small, large), (START, PAGE));
            assert!(arena.resize(large, PAGE - 16, 3 * PAGE, &mut grow), "grows at the end");
            arena.give(small, 1000);
            arena.give(large, 3 * PAGE);
        }
        assert!(pages <= 5, "{pages}");
    }

    #[test]
    fn pages_that_somebody_else_added_are_not_touched() {
        let mut arena = arena();
        let first = arena.take(5000, 8, |_| Some(PAGE)).unwrap();
        let second = arena.take(PAGE, 8, |_| Some(7 * PAGE)).unwrap();
        assert_eq!((first, second), (PAGE, 7 * PAGE));
        assert!(!arena.resize(first, 5000, 6000, no_growth));
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let mut arena = arena();
        assert_eq!(arena.take(usize::MAX, 8, |_| Some(PAGE)), None);
        let block = arena.take(8, 8, no_growth).unwrap();
        assert!(!arena.resize(block, 8, usize::MAX, no_growth));
    }
}
