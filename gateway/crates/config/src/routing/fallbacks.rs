//! Lists of groups that stand in for others, and whether the file has the groups that they name.

use std::collections::{HashMap, HashSet};

use tollgate_routing::{Fallbacks, Pattern};

use super::{ATTEMPTS_MAX, Sections};
use crate::reader::Field;

/// Names of models, as far as a fallback or an alias may lead to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    served: HashSet<String>,
    /// Models of the file whose rows are left out.
    left_out: HashSet<String>,
}

/// Reads all kinds of fallbacks.
pub(super) fn read(sections: &mut Sections<'_, '_>, names: &Names) -> Fallbacks {
    let mut general = table(&sections.either("fallbacks"), names).unwrap_or_default();
    let default = sections.either("default_fallbacks");
    if default.is_present() {
        let list = list(&default, names);
        general.entry("*".to_owned()).or_insert(list);
    }
    let default = Fallbacks::default();
    let groups_max = sections.router.take("max_fallbacks").figure(0..=ATTEMPTS_MAX);
    Fallbacks {
        general,
        context_window: table(&sections.either("context_window_fallbacks"), names),
        content_policy: table(&sections.either("content_policy_fallbacks"), names),
        groups_max: groups_max.unwrap_or(default.groups_max),
    }
}

/// A list of sections `{group: [stand-ins]}`. None: absent or empty.
fn table(field: &Field<'_>, names: &Names) -> Option<HashMap<String, Vec<String>>> {
    let mut table = HashMap::new();
    for item in field.items() {
        let Some(section) = item.section() else { continue };
        for (group, stand_ins) in section.all() {
            if group != "*" {
                names.check(group, &stand_ins);
            }
            if table.insert(group.to_owned(), list(&stand_ins, names)).is_some() {
                stand_ins.mistake("this group has a list already");
            }
        }
    }
    (!table.is_empty()).then_some(table)
}

fn list(field: &Field<'_>, names: &Names) -> Vec<String> {
    let items = field.items().into_iter();
    items.filter_map(|item| item.text().filter(|name| names.check(name, &item))).collect()
}

// === impl Names ===

impl Names {
    pub(crate) fn serve(&mut self, name: &str) {
        self.served.insert(name.to_owned());
    }

    pub(crate) fn leave_out(&mut self, name: &str) {
        self.left_out.insert(name.to_owned());
    }

    /// These and some more that are served.
    pub(crate) fn with<'n>(&self, more: impl Iterator<Item = &'n String>) -> Self {
        let mut names = self.clone();
        names.served.extend(more.cloned());
        names
    }

    /// Whether the file has a model of this name; if not, it is said of the field.
    pub(crate) fn check(&self, name: &str, field: &Field<'_>) -> bool {
        if has(&self.served, name) {
            return true;
        }
        if has(&self.left_out, name) {
            field.notice("has no effect: the row of this model is left out");
            return false;
        }
        field.mistake(format!(
            "expected the name of a model of `model_list`, found `{}`",
            crate::mistake::shown(name)
        ));
        false
    }
}

fn has(names: &HashSet<String>, name: &str) -> bool {
    let fits = |known: &String| Pattern::parse(known).is_some_and(|p| p.captured(name).is_some());
    names.contains(name) || names.iter().any(fits)
}
