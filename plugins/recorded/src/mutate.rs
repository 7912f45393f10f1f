//! Changes of texts that tests of robustness make, the same in every run.

/// Pieces that are put into a text.
const PIECES: [&str; 14] = [
    "null",
    "\"\"",
    "{}",
    "[]",
    "-1",
    "1e999",
    "\"\\ud800\"",
    "{\"type\":\"text\"}",
    "[[[[[[[[",
    "\"data:;base64,\"",
    "true",
    "18446744073709551616",
    ",",
    "\u{fffd}",
];

/// Makes changed texts.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
}

// === impl Mutator ===

impl Mutator {
    /// Begins a series; the same seed gives the same one.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// A number below a bound that is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.state % bound).unwrap_or(0)
    }

    /// The text with one to three changes.
    pub fn mutated(&mut self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for _ in 0..=self.below(3) {
            self.change(&mut text);
        }
        text
    }

    fn change(&mut self, text: &mut Vec<u8>) {
        let at = self.below(text.len() + 1);
        let piece = PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default();
        match self.below(5) {
            0 => text.truncate(at),
            1 => {
                let bit = 1_u8 << self.below(8);
                text.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            }
            2 => {
                let end = (at + self.below(20)).min(text.len());
                text.drain(at..end);
            }
            3 => {
                text.splice(at..at, piece.bytes());
            }
            // A whole value: from a colon to the next comma.
            _ => {
                let from = text.iter().skip(at).position(|byte| *byte == b':');
                let Some(start) = from.map(|from| at + from + 1) else {
                    return;
                };
                let length = text.iter().skip(start).position(|b| matches!(b, b',' | b'}'));
                let end = start + length.unwrap_or(0);
                text.splice(start..end, piece.bytes());
            }
        }
    }
}
