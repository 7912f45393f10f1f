//! The allocator of every component: fast for an instance that lives for one call, and sound for
//! one that is used again or that a stream holds.
//!
//! Rust's own allocator adds pages at its first allocation. In an instance that is made for a call
//! and then dropped, that costs more than the call's own work. This one begins with an arena inside
//! the initial memory.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::UnsafeCell;

use crate::arena::{Arena, Memory, PAGE};
use crate::classes::Links;

/// Bytes of the arena. With a stack of 16 KiB and a component's data it stays within a page, and
/// the components here allocate a few KiB in a call.
const ARENA: usize = 32 * 1024;

#[repr(C, align(16))]
struct Allocator {
    memory: UnsafeCell<[u8; ARENA]>,
    arena: UnsafeCell<Arena>,
}

#[global_allocator]
static ALLOCATOR: Allocator =
    Allocator { memory: UnsafeCell::new([0; ARENA]), arena: UnsafeCell::new(Arena::empty()) };

// SAFETY: a component has one thread; the target has no other.
unsafe impl Sync for Allocator {}

// === impl Allocator ===

impl Allocator {
    fn with<T>(&self, act: impl FnOnce(&mut Arena) -> T) -> T {
        // SAFETY: there is one thread, and `act` below never allocates, so nobody else holds the
        // arena.
        let arena = unsafe { &mut *self.arena.get() };
        let start = self.memory.get().expose_provenance();
        arena.found(start, start + ARENA);
        act(arena)
    }
}

// SAFETY: the arena gives every living block addresses of its own, within memory that nothing
// else uses: the static above, or pages that `grow` added.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.with(|arena| arena.take(layout.size(), layout.align(), &mut Own)) {
            Some(block) => core::ptr::with_exposed_provenance_mut(block),
            None => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.with(|arena| arena.give(block.expose_provenance(), layout.size(), &mut Own));
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.with(|arena| arena.resize(block.addr(), layout.size(), new_size, &mut Own)) {
            return block;
        }
        let new_layout = Layout::from_size_align(new_size, layout.align());
        let Ok(new_layout) = new_layout else {
            return core::ptr::null_mut();
        };
        // SAFETY: the caller keeps the rules of `realloc`, which are those of both calls; the two
        // blocks live at once, so they do not overlap, and both hold the smaller size.
        unsafe {
            let new_block = self.alloc(new_layout);
            if !new_block.is_null() {
                core::ptr::copy_nonoverlapping(block, new_block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new_block
        }
    }
}

/// The instance's own memory.
struct Own;

impl Links for Own {
    fn link(&self, block: usize) -> usize {
        let link: *const usize = core::ptr::with_exposed_provenance(block);
        // SAFETY: the arena asks for links of blocks that it was given back and has not given out
        // since; each is aligned, large enough, and was written by `set_link`.
        unsafe { link.read() }
    }

    fn set_link(&mut self, block: usize, next: usize) {
        let link: *mut usize = core::ptr::with_exposed_provenance_mut(block);
        // SAFETY: as above, and nobody else uses a block that was given back.
        unsafe { link.write(next) }
    }
}

impl Memory for Own {
    fn grow(&mut self, pages: usize) -> Option<usize> {
        match wasm32::memory_grow(0, pages) {
            usize::MAX => None,
            first => first.checked_mul(PAGE),
        }
    }
}
