//! What a reader makes of a file that was cut or changed at any byte.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::segment::{Adopted, adopt_all};
use super::*;

/// The bytes of a segment with three records, and where each ends.
fn sample(dir: &Path) -> (PathBuf, Vec<u8>, Vec<usize>) {
    let segment = Segment::create(dir, uuid::Uuid::now_v7(), [3; 32]).unwrap();
    let (mut last, mut record, mut ends) = ([3; 32], Vec::new(), Vec::new());
    for input in 1..=3 {
        let usage = Usage { input, ..Usage::default() };
        let call = CallId::generate();
        let draft = format::draft(&mut record, Kind::Progress, call, &usage).unwrap();
        last = format::seal(&mut record, &draft, &last);
        segment.append(&record).unwrap();
        ends.push(segment.end() as usize);
    }
    (segment.path.clone(), fs::read(&segment.path).unwrap(), ends)
}

fn reread(dir: &Path) -> (usize, ReadEnd) {
    let Some(Adopted::Segment(segment)) = adopt_all(dir).unwrap().pop() else { panic!("busy") };
    let mut tail = Tail::new(Arc::new(segment));
    let (entries, end) = tail.read(100, u64::MAX).unwrap();
    (entries.len(), end)
}

#[test]
fn a_tail_torn_at_any_byte_leaves_the_records_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes, ends) = sample(dir.path());
    for cut in ends[1] + 1..ends[2] {
        fs::write(&path, &bytes[..cut]).unwrap();
        let (count, end) = reread(dir.path());
        assert_eq!(count, 2, "cut at {cut}");
        assert!(matches!(end, ReadEnd::Torn { bytes } if bytes == (cut - ends[1]) as u64));
    }
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(reread(dir.path()), (3, ReadEnd::CaughtUp)));
}

#[test]
fn zeros_that_a_power_loss_leaves_are_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes, ends) = sample(dir.path());
    let mut zeroed = bytes[..ends[1]].to_vec();
    zeroed.resize(ends[1] + 4096, 0);
    fs::write(&path, &zeroed).unwrap();
    assert!(matches!(reread(dir.path()), (2, ReadEnd::Torn { bytes: 4096 })));
}

#[test]
fn a_bit_flipped_anywhere_in_a_record_is_damage_and_never_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes, ends) = sample(dir.path());
    for byte in ends[0]..ends[1] {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[byte] ^= 1 << bit;
            fs::write(&path, &flipped).unwrap();
            let (count, end) = reread(dir.path());
            assert_eq!(count, 1, "byte {byte}, bit {bit}");
            assert!(matches!(end, ReadEnd::Damaged { .. }), "byte {byte}, bit {bit}: {end:?}");
        }
    }
}

#[test]
fn a_record_taken_out_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes, ends) = sample(dir.path());
    let without = [&bytes[..ends[0]], &bytes[ends[1]..]].concat();
    fs::write(&path, without).unwrap();
    assert!(matches!(reread(dir.path()), (1, ReadEnd::Damaged { .. })));
}

#[test]
fn reading_stops_where_it_is_told_and_goes_on_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let (_, _, ends) = sample(dir.path());
    let Some(Adopted::Segment(segment)) = adopt_all(dir.path()).unwrap().pop() else {
        panic!("busy")
    };
    let mut tail = Tail::new(Arc::new(segment));
    let (entries, end) = tail.read(100, ends[0] as u64).unwrap();
    assert!(matches!((entries.len(), end), (1, ReadEnd::CaughtUp)));
    let (entries, end) = tail.read(1, u64::MAX).unwrap();
    assert!(matches!((entries.len(), end), (1, ReadEnd::More)));
    let (entries, end) = tail.read(100, u64::MAX).unwrap();
    assert!(matches!((entries.len(), end), (1, ReadEnd::CaughtUp)));
    assert!(tail.is_finished());
}
