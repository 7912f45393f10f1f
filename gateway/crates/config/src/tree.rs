//! YAML text to a tree that knows its lines. Bounded in depth and in nodes, aliases included;
//! every duplicate key is reported, not only the first.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::mistake::shown;

/// Levels of nesting. The deepest path that means anything has eight; walking a tree recurses.
const DEPTH_MAX: usize = 32;

/// Nodes in a tree, those that aliases repeat included. A file of the largest permitted size can
/// hold more, but no file that people write.
const NODES_MAX: usize = 100_000;

/// A value and the line where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) data: Data,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// Nothing: an empty value, `~` or `null`.
    Null,
    /// A text as it is written, quotes and escapes resolved.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the file.
    Map(Vec<Entry>),
}

/// A key, its line and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: Node,
}

/// A mistake in the text itself.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads a text. None for the tree if it cannot be read on; flaws in either case.
pub(crate) fn parse(text: &str) -> (Option<Node>, Vec<Flaw>) {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let step = match next {
            Ok((event, span)) => builder.take(event, span.start.line()),
            Err(error) => Err(Flaw {
                line: error.marker().line(),
                message: format!("this is not valid YAML: {}", error.info()),
            }),
        };
        if let Err(flaw) = step {
            builder.flaws.push(flaw);
            return (None, builder.flaws);
        }
    }
    let root = builder.root.unwrap_or(Node { line: 1, data: Data::Null });
    (Some(root), builder.flaws)
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    flaws: Vec<Flaw>,
    nodes: usize,
}

/// A list or map that is not closed yet.
struct Open {
    line: usize,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map(Map),
}

#[derive(Default)]
struct Map {
    entries: Vec<Entry>,
    /// The key whose value comes next. An inner none: a key that is no text, reported already.
    key: Option<Option<(String, usize)>>,
    lines: HashMap<String, usize>,
}

// === impl Builder ===

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Flaw> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let data = if is_null { Data::Null } else { Data::Scalar(text.into_owned()) };
                self.refuse_tag(tag.is_some(), line);
                self.count(1, line)?;
                self.put(Node { line, data }, anchor);
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), line);
                self.open(line, anchor, Inside::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), line);
                self.open(line, anchor, Inside::Map(Map::default()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, line)?,
            Event::DocumentStart(_) if self.root.is_some() => {
                return Err(Flaw {
                    line,
                    message: "expected one YAML document, found a second".to_owned(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn refuse_tag(&mut self, is_tagged: bool, line: usize) {
        if is_tagged {
            self.flaws
                .push(Flaw { line, message: "YAML tags (`!…`) are not supported".to_owned() });
        }
    }

    fn open(&mut self, line: usize, anchor: usize, inside: Inside) -> Result<(), Flaw> {
        self.count(1, line)?;
        self.open.push(Open { line, anchor, inside });
        self.check_depth(0, line)
    }

    fn close(&mut self) {
        let Some(Open { line, anchor, inside }) = self.open.pop() else { return };
        let data = match inside {
            Inside::List(items) => Data::List(items),
            Inside::Map(map) => Data::Map(self.merged(map.entries)),
        };
        self.put(Node { line, data }, anchor);
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), Flaw> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Flaw { line, message: "this alias lies within its own anchor".to_owned() });
        };
        let (nodes, height) = measure(node);
        self.check_depth(height, line)?;
        let data = node.data.clone();
        self.count(nodes, line)?;
        self.put(Node { line, data }, 0);
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), Flaw> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(Flaw { line, message: format!("more than {NODES_MAX} values") });
        }
        Ok(())
    }

    fn check_depth(&self, below: usize, line: usize) -> Result<(), Flaw> {
        if self.open.len() + below > DEPTH_MAX {
            return Err(Flaw {
                line,
                message: format!("nested more than {DEPTH_MAX} levels deep"),
            });
        }
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map(map)) => {
                if let Some(flaw) = map.put(node) {
                    self.flaws.push(flaw);
                }
            }
        }
    }

    /// Resolves the merge key `<<`: entries of other maps that this one does not have itself.
    fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let (merges, mut own): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.key == "<<");
        let mut keys: HashSet<String> = own.iter().map(|entry| entry.key.clone()).collect();
        for Entry { line, value, .. } in merges {
            let sources = match value.data {
                Data::List(nodes) => nodes,
                data => vec![Node { line, data }],
            };
            for source in sources {
                let Data::Map(others) = source.data else {
                    let message = "`<<` takes a map or a list of maps".to_owned();
                    self.flaws.push(Flaw { line, message });
                    continue;
                };
                for other in others {
                    if keys.insert(other.key.clone()) {
                        own.push(Entry { line, ..other });
                    }
                }
            }
        }
        own
    }
}

// === impl Map ===

impl Map {
    fn put(&mut self, node: Node) -> Option<Flaw> {
        let Some(key) = self.key.take() else {
            let Node { line, data } = node;
            let Data::Scalar(key) = data else {
                self.key = Some(None);
                return Some(Flaw { line, message: "a key must be a text".to_owned() });
            };
            if let Some(first) = self.lines.get(&key) {
                self.key = Some(None);
                let key = shown(&key);
                let message = format!("duplicate key `{key}`; it stands in line {first} already");
                return Some(Flaw { line, message });
            }
            self.lines.insert(key.clone(), line);
            self.key = Some(Some((key, line)));
            return None;
        };
        if let Some((key, line)) = key {
            self.entries.push(Entry { key, line, value: node });
        }
        None
    }
}

/// Nodes and levels of a finished node. Recursion is bounded by [`DEPTH_MAX`].
fn measure(node: &Node) -> (usize, usize) {
    let children: Vec<&Node> = match &node.data {
        Data::Null | Data::Scalar(_) => return (1, 0),
        Data::List(items) => items.iter().collect(),
        Data::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
    };
    let (nodes, height) = children
        .into_iter()
        .map(measure)
        .fold((1, 0), |sum, child| (sum.0 + child.0, sum.1.max(child.1)));
    (nodes, height + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> String {
        let (_, flaws) = parse(text);
        flaws.first().map(|flaw| format!("{}: {}", flaw.line, flaw.message)).unwrap_or_default()
    }

    #[test]
    fn nesting_is_bounded_however_it_is_written() {
        let chain: String = (1..40).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect();
        let texts = [
            "[".repeat(100_000),
            "- ".repeat(100_000),
            "{a: ".repeat(1_000),
            (0..500).map(|i| format!("{}a:\n", " ".repeat(i))).collect(),
            format!("a0: &a0 [x]\n{chain}"),
        ];
        for text in texts {
            // The scanner has a bound of its own for brackets, which it may reach first.
            let flaw = flaw(&text);
            let is_bounded =
                ["nested more than 32", "recursion limit"].map(|words| flaw.contains(words));
            assert!(is_bounded.contains(&true), "{flaw}");
        }
    }

    #[test]
    fn aliases_do_not_multiply_without_bound() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..10 {
            let items = vec![format!("*a{}", i - 1); 10].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{items}]\n"));
        }
        assert!(flaw(&text).contains("more than 100000 values"), "{}", flaw(&text));
        assert!(flaw("a: &a [*a]").contains("within its own anchor"), "{}", flaw("a: &a [*a]"));
    }

    #[test]
    fn merge_keys_yield_to_own_keys() {
        let (root, flaws) = parse("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n");
        assert!(flaws.is_empty());
        let text = format!("{root:?}");
        assert!(text.contains("\"3\"") && text.matches("\"2\"").count() == 1, "{text}");
    }

    #[test]
    fn every_duplicate_is_reported() {
        let (_, flaws) = parse("a: 1\nb: {c: 1, c: 2}\na: 2\n");
        let lines: Vec<_> = flaws.iter().map(|flaw| flaw.line).collect();
        assert_eq!(lines, [2, 3]);
    }
}
