//! A block with those around it: what is inherited, and from where.

use crate::parser::Directive;

/// A block and the blocks that it stands in.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    /// The innermost last.
    levels: Vec<&'a [Directive]>,
}

// === impl Scope ===

impl<'a> Scope<'a> {
    pub(crate) fn new(main: &'a [Directive]) -> Scope<'a> {
        Scope { levels: vec![main] }
    }

    /// The scope of a block in this one.
    pub(crate) fn within(&self, block: &'a Directive) -> Scope<'a> {
        let mut levels = self.levels.clone();
        levels.push(block.inside());
        Scope { levels }
    }

    /// The directives of its own block.
    pub(crate) fn block(&self) -> &'a [Directive] {
        self.levels.last().copied().unwrap_or_default()
    }

    /// The directives of a name in its own block.
    pub(crate) fn own(&self, name: &str) -> impl Iterator<Item = &'a Directive> + use<'a> {
        let name = name.to_owned();
        let block: &'a [Directive] = self.block();
        block.iter().filter(move |directive| directive.name == name)
    }

    /// The directives of a name in the innermost block that has any: nginx's inheritance, which
    /// replaces a list as a whole.
    pub(crate) fn nearest(&self, name: &str) -> Vec<&'a Directive> {
        let of_level = |level: &&'a [Directive]| -> Vec<&'a Directive> {
            level.iter().filter(|directive| directive.name == name).collect()
        };
        let mut levels = self.levels.iter().rev().map(of_level);
        levels.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The directives of a name in all blocks around, this one included.
    pub(crate) fn all(&self, name: &str) -> Vec<&'a Directive> {
        let levels = self.levels.iter().flat_map(|level| level.iter());
        levels.filter(|directive| directive.name == name).collect()
    }

    /// The directive of a name that holds here.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Directive> {
        self.nearest(name).into_iter().next()
    }

    /// Whether a switch is `on` here.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|directive| directive.arg(0) == "on")
    }
}
