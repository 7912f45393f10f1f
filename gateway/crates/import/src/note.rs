//! What is told of directives that were not taken over, or mean something else now.

use std::fmt;
use std::sync::Arc;

use crate::parser::Directive;

/// More notes than this nobody reads; a file that leads to them is no server file.
const NOTES_MAX: usize = 1000;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named or found.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

/// What became of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is not in the result.
    Untaken,
    /// It is in the result, or needs nothing there, but there is something to know.
    Taken,
}

/// Something to know about one directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where the directive stands.
    pub place: Place,
    /// The directive, without arguments that could be secret.
    pub directive: String,
    /// What became of it.
    pub fate: Fate,
    /// The reason, and what can be done.
    pub text: String,
}

/// Where notes are collected.
#[derive(Default)]
pub(crate) struct Notes {
    notes: Vec<Note>,
}

// === impl Place ===

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

// === impl Note ===

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.fate {
            Fate::Untaken => " not taken over",
            Fate::Taken => "",
        };
        write!(f, "{}: `{}`{fate}: {}", self.place, self.directive, self.text)
    }
}

// === impl Notes ===

impl Notes {
    /// The directive is not in the result.
    pub(crate) fn untaken(&mut self, directive: &Directive, reason: impl Into<String>) {
        self.push(directive, Fate::Untaken, reason.into());
    }

    /// The directive is in the result, and something must be known about it.
    pub(crate) fn taken(&mut self, directive: &Directive, hint: impl Into<String>) {
        self.push(directive, Fate::Taken, hint.into());
    }

    /// The notes by file and line, each once: what is inherited is met several times.
    pub(crate) fn sorted(mut self) -> Vec<Note> {
        self.notes.sort_by(|one, other| one.place.cmp(&other.place));
        self.notes
    }

    fn push(&mut self, directive: &Directive, fate: Fate, text: String) {
        let place = directive.place.clone();
        let legible = |char: char| if char.is_control() { ' ' } else { char };
        let text = text.chars().map(legible).collect();
        let note = Note { place, directive: directive.shown(), fate, text };
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
