//! A typed walk over a tree. Each read reports its own mistakes and goes on, so that all of them
//! are known at the end.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Secret;
use crate::expand::{Environment, Unexpanded};
use crate::mistake::{Cause, Log, Mistake, Notice, shown};
use crate::quantity;
use crate::section::Section;
use crate::tree::{Data, Node};

/// What the reading of one file needs.
pub(crate) struct Source<'a> {
    /// The file's name in messages.
    pub(crate) file: &'a str,
    /// The directory that paths in the file are relative to.
    pub(crate) dir: &'a Path,
    /// Variables that values may refer to.
    pub(crate) env: &'a Environment<'a>,
    /// Where mistakes go.
    pub(crate) log: &'a Log,
}

/// A value, present or not, at a place in the file.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    source: &'a Source<'a>,
    path: String,
    line: usize,
    node: Option<&'a Node>,
}

// === impl Field ===

impl<'a> Field<'a> {
    pub(crate) fn new(
        source: &'a Source<'a>,
        path: String,
        line: usize,
        node: Option<&'a Node>,
    ) -> Self {
        let node = node.filter(|node| !matches!(node.data, Data::Null));
        Self { source, path, line, node }
    }

    pub(crate) fn is_present(&self) -> bool {
        self.node.is_some()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.node.is_some_and(|node| matches!(node.data, Data::List(_)))
    }

    pub(crate) fn is_section(&self) -> bool {
        self.node.is_some_and(|node| matches!(node.data, Data::Map(_)))
    }

    pub(crate) fn line(&self) -> usize {
        self.line
    }

    pub(crate) fn source(&self) -> &'a Source<'a> {
        self.source
    }

    pub(crate) fn mistake(&self, message: impl Into<String>) {
        self.report(Cause::File, message.into());
    }

    pub(crate) fn notice(&self, reason: impl Into<String>) {
        self.source.log.notice(Notice {
            file: self.source.file.to_owned(),
            line: self.line,
            path: self.path.clone(),
            reason: reason.into(),
        });
    }

    /// Reports the field if it is absent.
    pub(crate) fn required(self) -> Self {
        if !self.is_present() {
            self.mistake("this key is required");
        }
        self
    }

    /// The scalar as it is written, with no variable filled in. None: absent, or no scalar.
    pub(crate) fn written(&self) -> Option<&'a str> {
        match &self.node?.data {
            Data::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The variable that the value refers to and that is not set.
    pub(crate) fn unset_variable(&self) -> Option<String> {
        match self.source.env.expand(self.written()?) {
            Err(Unexpanded::Unset(name)) => Some(name),
            _ => None,
        }
    }

    /// A text, which may be empty.
    pub(crate) fn text_or_empty(&self) -> Option<String> {
        self.expanded("a text")
    }

    /// A text that is not empty.
    pub(crate) fn text(&self) -> Option<String> {
        let text = self.expanded("a text")?;
        if text.is_empty() {
            self.mistake("expected a text, found an empty one");
            return None;
        }
        Some(text)
    }

    /// A secret that is not empty.
    pub(crate) fn secret(&self) -> Option<Secret> {
        self.text().map(Secret::new)
    }

    /// True or false, also in the words of YAML 1.1, which LiteLLM reads.
    pub(crate) fn flag(&self) -> Option<bool> {
        self.parsed("true or false", |text| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&self, bounds: RangeInclusive<u64>) -> Option<u64> {
        let expected = match (*bounds.start(), *bounds.end()) {
            (from, u64::MAX) => format!("a whole number from {from}"),
            (from, to) => format!("a whole number from {from} to {to}"),
        };
        self.parsed(&expected, |text| text.parse().ok().filter(|n| bounds.contains(n)))
    }

    /// A count that must fit the machine's word, at least 1.
    pub(crate) fn count(&self) -> Option<usize> {
        const COUNT_MAX: u64 = 1_000_000;
        self.whole(1..=COUNT_MAX).and_then(|n| usize::try_from(n).ok())
    }

    /// A duration above 0.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let expected =
            "a duration above 0 and up to 30 days, such as 10ms, 2s, 5m or a number of seconds";
        self.parsed(expected, quantity::duration)
    }

    /// A number of seconds above 0, as LiteLLM writes times.
    pub(crate) fn seconds(&self) -> Option<Duration> {
        self.parsed("a number of seconds above 0 and up to 30 days", |text| {
            seconds(text).filter(|time| !time.is_zero())
        })
    }

    /// A number of seconds, which may be 0.
    pub(crate) fn seconds_or_none(&self) -> Option<Duration> {
        self.parsed("a number of seconds from 0 to 30 days", seconds)
    }

    /// A whole number of 32 bits.
    pub(crate) fn figure(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        let bounds = u64::from(*bounds.start())..=u64::from(*bounds.end());
        self.whole(bounds).and_then(|number| u32::try_from(number).ok())
    }

    /// A section, without keys if it is absent or another kind, which is reported.
    pub(crate) fn section_or_empty(&self) -> Section<'a> {
        self.section().unwrap_or_else(|| self.empty_section())
    }

    /// A size within bounds.
    pub(crate) fn size(&self, bounds: RangeInclusive<u64>) -> Option<u64> {
        let (from, to) = (bounds.start(), bounds.end());
        let expected = format!("a size of {from} to {to} bytes, such as 8KiB, 25MiB or 4096");
        self.parsed(&expected, |text| quantity::size(text).filter(|size| bounds.contains(size)))
    }

    /// The address of a server.
    pub(crate) fn server_url(&self) -> Option<String> {
        match quantity::server_url(&self.text()?) {
            Ok(url) => Some(url),
            Err(why) => {
                self.mistake(format!(
                    "expected the address of a server, such as https://api.example.com/v1; {why}"
                ));
                None
            }
        }
    }

    /// A file that exists. Relative paths start at the configuration file.
    pub(crate) fn existing_file(&self) -> Option<PathBuf> {
        self.existing("file", std::fs::Metadata::is_file)
    }

    /// A folder that exists. Relative paths start at the configuration file.
    pub(crate) fn existing_folder(&self) -> Option<PathBuf> {
        self.existing("folder", std::fs::Metadata::is_dir)
    }

    fn existing(&self, kind: &str, fits: impl Fn(&std::fs::Metadata) -> bool) -> Option<PathBuf> {
        let path = self.source.dir.join(self.text()?);
        let written = self.source.dir.join(self.written().unwrap_or_default());
        let written = shown(&written.to_string_lossy());
        match std::fs::metadata(&path) {
            Ok(data) if fits(&data) => return Some(path),
            Ok(_) => self.mistake(format!("`{written}` is not a {kind}")),
            Err(error) => self.mistake(format!("cannot open `{written}`: {}", error.kind())),
        }
        None
    }

    /// A value in words of its own. The mistake shows what is written, never what a variable holds.
    pub(crate) fn parsed<T>(&self, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = parse(self.expanded(expected)?.trim());
        if value.is_none() {
            let found = self.written().unwrap_or_default();
            self.mistake(format!("expected {expected}, found `{}`", shown(found)));
        }
        value
    }

    /// Keys and values. None: absent or another kind, which is reported.
    pub(crate) fn section(&self) -> Option<Section<'a>> {
        match &self.node?.data {
            Data::Map(entries) => {
                Some(Section::new(self.source, self.path.clone(), self.line, entries))
            }
            other => self.wrong_kind("a section of keys and values", other),
        }
    }

    /// A section without keys at this place, to read on where there is none.
    pub(crate) fn empty_section(&self) -> Section<'a> {
        Section::new(self.source, self.path.clone(), self.line, &[])
    }

    /// The items of a list; none if it is absent or another kind, which is reported.
    pub(crate) fn items(&self) -> Vec<Field<'a>> {
        match self.node.map(|node| &node.data) {
            None => Vec::new(),
            Some(Data::List(items)) => {
                items.iter().enumerate().map(|(index, node)| self.item(index, node)).collect()
            }
            Some(other) => self.wrong_kind("a list", other).unwrap_or_default(),
        }
    }

    fn item(&self, index: usize, node: &'a Node) -> Field<'a> {
        let path = format!("{}[{index}]", self.path);
        let item = Field::new(self.source, path, node.line, Some(node));
        if !item.is_present() {
            item.mistake("this item is empty");
        }
        item
    }

    fn expanded(&self, expected: &str) -> Option<String> {
        let node = self.node?;
        let Data::Scalar(text) = &node.data else {
            return self.wrong_kind(expected, &node.data);
        };
        match self.source.env.expand(text) {
            Ok(text) => Some(text),
            Err(Unexpanded::Unset(name)) => {
                let message = format!("environment variable `{name}` is not set");
                self.report(Cause::UnsetVariable, message);
                None
            }
            Err(Unexpanded::Malformed) => {
                self.mistake(
                    "expected os.environ/NAME or ${NAME} with a variable's name; a literal `${` is written `$${`",
                );
                None
            }
        }
    }

    fn report(&self, cause: Cause, message: String) {
        let (file, path) = (self.source.file.to_owned(), self.path.clone());
        self.source.log.add(cause, Mistake { file, line: self.line, path, message });
    }

    fn wrong_kind<T>(&self, expected: &str, found: &Data) -> Option<T> {
        let found = match found {
            Data::Null => "nothing",
            Data::Scalar(_) => "a single value",
            Data::List(_) => "a list",
            Data::Map(_) => "a section of keys and values",
        };
        self.mistake(format!("expected {expected}, found {found}"));
        None
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let time = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    (time <= quantity::DURATION_MAX).then_some(time)
}
