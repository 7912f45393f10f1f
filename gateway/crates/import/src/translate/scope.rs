//! A block with those around it: what is inherited, and from where.

use std::collections::HashMap;
use std::rc::Rc;

use crate::parser::Directive;

/// A block and the blocks that it stands in.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    /// The innermost last.
    levels: Vec<Rc<Level<'a>>>,
}

/// One block, its directives found by name: files may have thousands of servers.
struct Level<'a> {
    block: &'a [Directive],
    by_name: HashMap<&'a str, Vec<&'a Directive>>,
}

// === impl Scope ===

impl<'a> Scope<'a> {
    pub(crate) fn new(main: &'a [Directive]) -> Scope<'a> {
        Scope { levels: vec![Rc::new(Level::new(main))] }
    }

    /// The scope of a block in this one.
    pub(crate) fn within(&self, block: &'a Directive) -> Scope<'a> {
        let mut levels = self.levels.clone();
        levels.push(Rc::new(Level::new(block.inside())));
        Scope { levels }
    }

    /// The directives of its own block.
    pub(crate) fn block(&self) -> &'a [Directive] {
        self.levels.last().map(|level| level.block).unwrap_or_default()
    }

    /// The directives of a name in its own block.
    pub(crate) fn own(&self, name: &str) -> std::vec::IntoIter<&'a Directive> {
        let own = self.levels.last().map(|level| level.named(name).to_vec());
        own.unwrap_or_default().into_iter()
    }

    /// The directives of a name in the innermost block that has any: nginx's inheritance, which
    /// replaces a list as a whole.
    pub(crate) fn nearest(&self, name: &str) -> Vec<&'a Directive> {
        let mut levels = self.levels.iter().rev().map(|level| level.named(name));
        levels.find(|found| !found.is_empty()).unwrap_or_default().to_vec()
    }

    /// The directives of a name in all blocks around, this one included.
    pub(crate) fn all(&self, name: &str) -> Vec<&'a Directive> {
        self.levels.iter().flat_map(|level| level.named(name)).copied().collect()
    }

    /// The directive of a name that holds here.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Directive> {
        let mut levels = self.levels.iter().rev().map(|level| level.named(name));
        levels.find_map(|found| found.first().copied())
    }

    /// Whether a switch is `on` here.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|directive| directive.arg(0) == "on")
    }
}

// === impl Level ===

impl<'a> Level<'a> {
    fn new(block: &'a [Directive]) -> Level<'a> {
        let mut by_name: HashMap<&'a str, Vec<&'a Directive>> = HashMap::new();
        for directive in block {
            by_name.entry(&directive.name).or_default().push(directive);
        }
        Level { block, by_name }
    }

    fn named(&self, name: &str) -> &[&'a Directive] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}
