use std::collections::HashMap;

use super::*;

const START: usize = 1024;
const END: usize = 2048;

/// Memory that grows to so many pages at most.
struct Pages {
    links: HashMap<usize, usize>,
    next: usize,
    max: usize,
}

impl Pages {
    fn up_to(max: usize) -> Self {
        Self { links: HashMap::new(), next: 1, max }
    }
}

impl Links for Pages {
    fn link(&self, block: usize) -> usize {
        self.links[&block]
    }

    fn set_link(&mut self, block: usize, next: usize) {
        self.links.insert(block, next);
    }
}

impl Memory for Pages {
    fn grow(&mut self, pages: usize) -> Option<usize> {
        let first = self.next;
        self.next += pages;
        (self.next <= self.max).then_some(first * PAGE)
    }
}

fn arena() -> (Arena, Pages) {
    let mut arena = Arena::empty();
    arena.found(START, END);
    (arena, Pages::up_to(1))
}

#[test]
fn blocks_follow_each_other_and_are_aligned() {
    let (mut arena, mut none) = arena();
    assert_eq!(arena.take(3, 1, &mut none), Some(START));
    assert_eq!(arena.take(8, 8, &mut none), Some(START + 16));
    assert_eq!(arena.take(1, 64, &mut none), Some(START + 64));
}

#[test]
fn the_last_block_is_given_back_and_changes_size_in_place() {
    let (mut arena, mut none) = arena();
    let first = arena.take(8, 8, &mut none).unwrap();
    let last = arena.take(8, 8, &mut none).unwrap();
    assert!(arena.resize(last, 8, 100, &mut none));
    assert!(!arena.resize(last, 100, 2000, &mut none));
    assert!(arena.resize(first, 8, 9, &mut none), "within its class");
    assert!(!arena.resize(first, 9, 17, &mut none), "not the last one");
    arena.give(last, 100, &mut none);
    assert_eq!(arena.take(8, 8, &mut none), Some(last));
}

#[test]
fn everything_is_given_back_once_nothing_lives() {
    let (mut arena, mut none) = arena();
    for _ in 0..1000 {
        let blocks = [300, 300, 300].map(|size| arena.take(size, 8, &mut none).unwrap());
        assert_eq!(arena.take(300, 8, &mut none), None);
        blocks.into_iter().for_each(|block| arena.give(block, 300, &mut none));
    }
}

#[test]
fn pieces_of_a_long_stream_need_no_new_memory_beside_what_lives() {
    let (mut arena, _) = arena();
    let mut pages = Pages::up_to(4);
    let mut kept = arena.take(40, 8, &mut pages).unwrap();
    for push in 0..100_000_usize {
        let sizes = [push % 700 + 1, push % 37 + 1, 2 * (push % 200) + 1, 24];
        let blocks = sizes.map(|size| arena.take(size, 8, &mut pages).unwrap());
        let mut seen = [blocks[0], blocks[1], blocks[2], blocks[3], kept];
        seen.sort_unstable();
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
        // What lives is now and then replaced, in the middle of the others.
        if push % 10 == 0 {
            let next = arena.take(40, 8, &mut pages).unwrap();
            arena.give(kept, 40, &mut pages);
            kept = next;
        }
        for (block, size) in blocks.into_iter().zip(sizes) {
            arena.give(block, size, &mut pages);
        }
    }
}

#[test]
fn pages_are_added_when_the_arena_is_full_and_used_again_after_the_call() {
    let (mut arena, _) = arena();
    let mut pages = Pages::up_to(6);
    for _ in 0..10 {
        let small = arena.take(1000, 8, &mut pages).unwrap();
        let large = arena.take(PAGE, 8, &mut pages).unwrap();
        assert_eq!((small, large), (START, PAGE));
        assert!(arena.resize(large, PAGE, 3 * PAGE, &mut pages), "grows at the end");
        arena.give(small, 1000, &mut pages);
        arena.give(large, 3 * PAGE, &mut pages);
    }
}

#[test]
fn pages_that_somebody_else_added_are_not_touched() {
    let (mut arena, _) = arena();
    let mut pages = Pages::up_to(20);
    let first = arena.take(5000, 8, &mut pages).unwrap();
    pages.next = 7;
    let second = arena.take(PAGE, 8, &mut pages).unwrap();
    assert_eq!((first, second), (PAGE, 7 * PAGE));
    assert!(!arena.resize(first, 5000, 6000, &mut pages));
}

#[test]
fn absurd_sizes_are_refused() {
    let (mut arena, mut none) = arena();
    assert_eq!(arena.take(usize::MAX, 8, &mut none), None);
    let block = arena.take(8, 8, &mut none).unwrap();
    assert!(!arena.resize(block, 8, usize::MAX, &mut none));
}
