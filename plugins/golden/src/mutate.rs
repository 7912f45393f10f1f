//! Damaged input, the same at every run.

/// Pieces that tend to matter where JSON is read.
const PIECES: [&[u8]; 14] = [
    b"null",
    b"{}",
    b"[]",
    b"\"\"",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"true",
    b"\xff",
    b"\\ud800",
    b"\0",
    b"[[[[[[[[",
    b"\"text\":",
    b"0.5",
];

/// Mutations of a text, without end.
pub struct Mutations {
    original: Vec<u8>,
    state: u64,
}

// === impl Mutations ===

impl Mutations {
    /// Mutations of a text; another seed gives others.
    pub fn new(original: &[u8], seed: u64) -> Self {
        Self { original: original.to_vec(), state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// The next number below a bound; xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let bound = u64::try_from(bound.max(1)).expect("a length");
        usize::try_from(self.state % bound).expect("below a length")
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(24)).min(bytes.len());
        match self.below(5) {
            0 => {
                bytes.drain(at..end);
            }
            1 => {
                let piece = PIECES[self.below(PIECES.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            2 => {
                let copied = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            3 => bytes.truncate(at),
            _ => {
                let byte = u8::try_from(self.below(256)).expect("a byte");
                bytes.get_mut(at).into_iter().for_each(|old| *old = byte);
            }
        }
    }
}

impl Iterator for Mutations {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.original.clone();
        for _ in 0..=self.below(3) {
            self.damage(&mut bytes);
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_differ_from_each_other_and_not_from_run_to_run() {
        let some = |seed| Mutations::new(b"{\"a\":[1,2,3]}", seed).take(50).collect::<Vec<_>>();
        assert_eq!(some(1), some(1));
        assert_ne!(some(1), some(2));
        assert!(some(1).iter().collect::<std::collections::BTreeSet<_>>().len() > 30);
    }
}
