//! Blocks that were given back while others live, by their size: the arithmetic, and lists whose
//! links are in the blocks themselves.
//!
//! Without these an instance that serves a long stream would use new memory for each of its pieces,
//! since what the stream's decoder remembers lives as long as it does.

/// Sizes are multiples of this, so that a block has room for a link and fits every usual alignment.
pub(crate) const STEP: usize = 16;

/// Up to here each multiple of [`STEP`] is a class; above there are four to each doubling, so that
/// a block is at most a quarter larger than what was asked for.
const FINE_MAX: usize = 64;
const FINE: usize = FINE_MAX / STEP;
const FINE_BITS: u32 = FINE_MAX.trailing_zeros();

/// Larger blocks have no class: 128 MiB, above what a component may have.
const BITS_MAX: u32 = 27;
const CLASSES: usize = FINE + (BITS_MAX - FINE_BITS) as usize * 4;

/// Where the links are kept.
pub(crate) trait Links {
    /// The link in a block.
    fn link(&self, block: usize) -> usize;
    /// Writes the link into a block.
    fn set_link(&mut self, block: usize, next: usize);
}

/// Blocks of each class; 0 ends a list.
#[derive(Debug)]
pub(crate) struct FreeLists {
    heads: [usize; CLASSES],
    any: bool,
}

/// The size that a block really gets.
pub(crate) fn rounded(size: usize) -> Option<usize> {
    if size <= FINE_MAX {
        return Some(size.max(1).next_multiple_of(STEP));
    }
    let step = 1_usize << ((size - 1).ilog2() - 2);
    size.checked_next_multiple_of(step)
}

/// The class of a size that [`rounded`] gave.
fn class(size: usize) -> Option<usize> {
    if size <= FINE_MAX {
        return size.div_ceil(STEP).checked_sub(1);
    }
    let bits = (size - 1).ilog2();
    let quarter = ((size - 1) >> (bits - 2)) & 3;
    (bits < BITS_MAX).then(|| FINE + (bits - FINE_BITS) as usize * 4 + quarter)
}

// === impl FreeLists ===

impl FreeLists {
    pub(crate) const fn empty() -> Self {
        Self { heads: [0; CLASSES], any: false }
    }

    /// A block of exactly this rounded size.
    pub(crate) fn take(&mut self, size: usize, links: &impl Links) -> Option<usize> {
        let head = self.heads.get_mut(class(size)?)?;
        let block = *head;
        if block == 0 {
            return None;
        }
        *head = links.link(block);
        Some(block)
    }

    /// Keeps a block of this rounded size.
    pub(crate) fn give(&mut self, block: usize, size: usize, links: &mut impl Links) {
        if let Some(head) = class(size).and_then(|class| self.heads.get_mut(class)) {
            links.set_link(block, *head);
            *head = block;
            self.any = true;
        }
    }

    /// Forgets all blocks.
    pub(crate) fn clear(&mut self) {
        if self.any {
            *self = Self::empty();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_has_a_class_of_its_own_and_little_is_wasted() {
        let mut last = None;
        for size in 1..=200_000 {
            let rounded = rounded(size).unwrap();
            assert!(rounded >= size && rounded.is_multiple_of(STEP), "{size}");
            assert!(rounded - size < STEP.max(size.div_ceil(4)), "{size} gets {rounded}");
            let class = class(rounded).unwrap();
            match last {
                Some((size, number)) if size == rounded => assert_eq!(class, number, "{size}"),
                Some((_, number)) => assert_eq!(class, number + 1, "{rounded}"),
                None => assert_eq!(class, 0),
            }
            last = Some((rounded, class));
        }
    }

    #[test]
    fn absurd_sizes_have_no_class() {
        assert_eq!(rounded(usize::MAX), None);
        assert_eq!(class(1 << BITS_MAX), Some(CLASSES - 1));
        assert_eq!(class((1 << BITS_MAX) + STEP), None);
    }
}
