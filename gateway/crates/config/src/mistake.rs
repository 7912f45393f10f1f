//! What is reported of a file: mistakes, which refuse it, and notices, which do not.

use std::cell::RefCell;
use std::fmt;

/// Something that must be put right before the gateway can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, or `environment`.
    pub file: String,
    /// The line, from 1; 0 if the mistake lies in no line.
    pub line: usize,
    /// The key, dotted from the top; empty if the mistake lies in no key.
    pub path: String,
    /// What was found and what was expected. Never holds the value of a secret.
    pub message: String,
}

/// Something in the file that has no effect, or another effect than its author may think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The file, or `environment`.
    pub file: String,
    /// The line, from 1; 0 if it lies in no line.
    pub line: usize,
    /// The key, dotted from the top.
    pub path: String,
    /// Why. Never holds the value of a secret.
    pub reason: String,
}

/// Where mistakes and notices are collected while the files are read.
#[derive(Default)]
pub(crate) struct Log {
    mistakes: RefCell<Vec<(Cause, Mistake)>>,
    notices: RefCell<Vec<Notice>>,
}

/// Why a mistake is one, as far as somebody may forgive it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What the file says.
    File,
    /// A variable that the file refers to is not set.
    UnsetVariable,
}

/// A moment in the collecting of mistakes.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

// === impl Mistake ===

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render(f, (&self.file, self.line), &self.path, &self.message)
    }
}

impl std::error::Error for Mistake {}

// === impl Notice ===

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render(f, (&self.file, self.line), &self.path, &self.reason)
    }
}

// === impl Log ===

impl Log {
    pub(crate) fn mistake(&self, mistake: Mistake) {
        self.add(Cause::File, mistake);
    }

    pub(crate) fn add(&self, cause: Cause, mistake: Mistake) {
        self.mistakes.borrow_mut().push((cause, mistake));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.mistakes.borrow().len())
    }

    /// Takes back what was said since then of variables that are not set: nobody needs them.
    pub(crate) fn forgive_variables(&self, since: Mark) {
        let mut position = 0;
        self.mistakes.borrow_mut().retain(|(cause, _)| {
            position += 1;
            position <= since.0 || *cause != Cause::UnsetVariable
        });
    }

    pub(crate) fn notice(&self, notice: Notice) {
        self.notices.borrow_mut().push(notice);
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// Everything collected, the main file first, each file in the order of its lines.
    pub(crate) fn into_sorted(self, main: &str) -> (Vec<Mistake>, Vec<Notice>) {
        let mistakes = self.mistakes.into_inner();
        let mut mistakes: Vec<_> = mistakes.into_iter().map(|(_, mistake)| mistake).collect();
        let mut notices = self.notices.into_inner();
        mistakes.sort_by(|a, b| order(&a.file, a.line, main).cmp(&order(&b.file, b.line, main)));
        notices.sort_by(|a, b| order(&a.file, a.line, main).cmp(&order(&b.file, b.line, main)));
        (mistakes, notices)
    }
}

/// A file's own words, made fit for a message: no control characters, not long.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 120;
    let mut out: String = text.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        out.push('…');
    }
    out
}

fn order<'a>(file: &'a str, line: usize, main: &str) -> (bool, &'a str, usize) {
    (file != main, file, line)
}

fn render(
    f: &mut fmt::Formatter<'_>,
    (file, line): (&str, usize),
    path: &str,
    message: &str,
) -> fmt::Result {
    f.write_str(file)?;
    if line > 0 {
        write!(f, ":{line}")?;
    }
    if !path.is_empty() {
        write!(f, ": {path}")?;
    }
    write!(f, ": {message}")
}
