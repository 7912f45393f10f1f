//! Ids of rows: their own, or made from what they say.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use crate::reader::Field;
use crate::tree::{Data, Entry};

/// Ids that are taken, and how often each text was hashed to one.
#[derive(Default)]
pub(super) struct Ids {
    taken: HashMap<String, usize>,
    repeats: HashMap<String, usize>,
}

// === impl Ids ===

impl Ids {
    /// The id that the row has, or one made from its text. Rows with the same text, such as two
    /// that differ in their key alone, are told apart by their order.
    pub(super) fn claim(&mut self, field: &Field<'_>, canonical: &str) -> Option<String> {
        let id = match field.is_present() {
            true => super::name(field)?,
            false => {
                let repeat = self.repeats.entry(canonical.to_owned()).or_default();
                *repeat += 1;
                hexadecimal(&Sha256::digest(format!("{canonical}#{repeat}")))
            }
        };
        if !id.bytes().all(|b| b.is_ascii_graphic()) {
            field.mistake("expected an id in visible ASCII characters without blanks");
            return None;
        }
        if let Some(line) = self.taken.get(&id) {
            field.mistake(format!("this id is that of line {line} already"));
            return None;
        }
        self.taken.insert(id.clone(), field.line());
        Some(id)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text of the row that does not depend on the order of keys, on the environment or on secrets.
pub(super) fn canonical(model_name: &str, params: &[Entry]) -> String {
    let mut lines = BTreeSet::new();
    flatten("", &Data::Map(params.to_vec()), &mut lines);
    let mut text = format!("{model_name:?}\n");
    lines.iter().for_each(|line| text.push_str(line));
    text
}

fn flatten(path: &str, data: &Data, lines: &mut BTreeSet<String>) {
    match data {
        Data::Null => {}
        Data::Scalar(value) => {
            lines.insert(format!("{path}={value:?}\n"));
        }
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), &item.data, lines);
            }
        }
        Data::Map(entries) => {
            for entry in entries.iter().filter(|entry| !may_be_secret(&entry.key)) {
                flatten(&format!("{path}.{:?}", entry.key), &entry.value.data, lines);
            }
        }
    }
}

fn may_be_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named_so = ["key", "secret", "password", "credential", "header", "authorization"]
        .iter()
        .any(|word| key.contains(word));
    is_named_so || (key.ends_with("token") && !key.contains("cost"))
}
