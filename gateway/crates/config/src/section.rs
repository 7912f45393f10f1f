//! The keys of one section: those that are read, those that are known to have no effect, and those
//! that nobody knows.

use crate::mistake::shown;
use crate::reader::{Field, Source};
use crate::tree::Entry;

/// Keys and values at a place in the file. [`Section::close`] reports what was not taken.
pub(crate) struct Section<'a> {
    source: &'a Source<'a>,
    path: String,
    line: usize,
    entries: &'a [Entry],
    taken: Vec<&'static str>,
}

/// What becomes of keys that are known but have no effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A notice: the file is accepted.
    Ignored,
    /// A mistake: the operator would count on something that is not there.
    Refused,
}

/// Known keys without effect, with the reason. A key that ends in `*` stands for all that begin so.
pub(crate) struct Known {
    pub(crate) fate: Fate,
    pub(crate) reason: &'static str,
    pub(crate) keys: &'static [&'static str],
}

// === impl Section ===

impl<'a> Section<'a> {
    pub(crate) fn new(
        source: &'a Source<'a>,
        path: String,
        line: usize,
        entries: &'a [Entry],
    ) -> Self {
        Self { source, path, line, entries, taken: Vec::new() }
    }

    /// The section itself, for mistakes that concern it as a whole.
    pub(crate) fn whole(&self) -> Field<'a> {
        Field::new(self.source, self.path.clone(), self.line, None)
    }

    /// A key's value, present or not. The key counts as known from now on.
    pub(crate) fn take(&mut self, key: &'static str) -> Field<'a> {
        self.taken.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key);
        let line = entry.map_or(self.line, |entry| entry.line);
        Field::new(self.source, self.path_of(key), line, entry.map(|entry| &entry.value))
    }

    /// The keys of these that are there, with their values. They count as known from now on.
    pub(crate) fn take_present(&mut self, keys: &[&'static str]) -> Vec<(&'static str, Field<'a>)> {
        let fields = keys.iter().map(|key| (*key, self.take(key)));
        fields.filter(|(_, field)| field.is_present()).collect()
    }

    /// All keys and values, for sections whose keys are names that the operator chooses.
    pub(crate) fn all(&self) -> Vec<(&'a str, Field<'a>)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), self.field(entry))).collect()
    }

    /// The keys and values as they are written.
    pub(crate) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Reports keys that were not taken: as a notice or mistake if `known` names them, as unknown
    /// otherwise.
    pub(crate) fn close(self, known: &[Known]) {
        for entry in self.entries {
            if self.taken.contains(&entry.key.as_str()) {
                continue;
            }
            let field = self.field(entry);
            match known.iter().find(|known| known.keys.iter().any(|key| names(key, &entry.key))) {
                Some(Known { fate: Fate::Ignored, reason, .. }) => field.notice(*reason),
                Some(Known { fate: Fate::Refused, reason, .. }) => field.mistake(*reason),
                None => field.mistake(self.unknown(&entry.key, known)),
            }
        }
    }

    fn unknown(&self, key: &str, known: &[Known]) -> String {
        let others = known.iter().flat_map(|known| known.keys.iter().copied());
        let others = others.filter(|key| !key.ends_with('*'));
        let near = self
            .taken
            .iter()
            .copied()
            .chain(others)
            .map(|candidate| (distance(key, candidate), candidate))
            .filter(|(distance, word)| {
                *distance <= 1 + word.len() / 5 && distance * 2 <= word.len()
            })
            .min_by_key(|(distance, _)| *distance);
        match near {
            Some((_, near)) => format!("unknown key `{}`; did you mean `{near}`?", shown(key)),
            None if self.taken.is_empty() => format!("unknown key `{}`", shown(key)),
            None => format!("unknown key `{}`; expected {}", shown(key), self.taken.join(", ")),
        }
    }

    fn field(&self, entry: &'a Entry) -> Field<'a> {
        Field::new(self.source, self.path_of(&entry.key), entry.line, Some(&entry.value))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { shown(key) } else { format!("{}.{}", self.path, shown(key)) }
    }
}

fn names(known: &str, key: &str) -> bool {
    known.strip_suffix('*').map_or(known == key, |prefix| key.starts_with(prefix))
}

/// Letters to insert, delete or replace to get from one word to another.
fn distance(from: &str, to: &str) -> usize {
    // Longer words are no slips of a key that exists; the table below grows with both lengths.
    const WORD_MAX: usize = 64;
    if from.len() > WORD_MAX || to.len() > WORD_MAX {
        return WORD_MAX;
    }
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, a) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_letters() {
        let cases = [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("reuse", "resue", 2),
            ("fil", "file", 1),
            ("kitten", "sitting", 3),
        ];
        for (from, to, expected) in cases {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }
}
