//! Members that neutral requests carry for other providers, and that OpenAI itself refuses.

use serde_json::value::RawValue;
use tollgate_neutral::{Object, write};
use tollgate_sdk::types::Call;

use crate::bindings::exports::tollgate::policy::translation::{Deployment, Edit};

/// Members of messages, parts and tools that tell OpenAI nothing: hints at what to cache, and what
/// other providers need to have their own words back.
const NESTED: [&str; 3] = ["cache_control", "thinking_blocks", "is_error"];

/// Parameters of a request that OpenAI does not know. Those that have no other name there are lost
/// if they are dropped; `thinking` is not, where `reasoning_effort` says the same.
const PARAMETERS: [&str; 2] = ["top_k", "thinking"];

/// What is to be taken out of a request.
#[derive(Default)]
pub(super) struct Foreign {
    /// The changes.
    pub(super) edits: Vec<Edit>,
    /// Parameters that are lost.
    pub(super) dropped: Vec<String>,
}

// === impl Foreign ===

impl Foreign {
    /// Finds them. A parameter that may not be dropped stays, so that OpenAI refuses it by its
    /// name.
    pub(super) fn of(
        call: &Call,
        member: impl Fn(&str) -> Option<String>,
        deployment: &Deployment,
    ) -> Self {
        let mut foreign = Self::default();
        if call.dialect != "openai-chat" {
            return foreign;
        }
        for name in PARAMETERS {
            if member(name).is_none() {
                continue;
            }
            let is_said_otherwise = name == "thinking" && member("reasoning_effort").is_some();
            if !is_said_otherwise && !deployment.drop_params {
                continue;
            }
            foreign.edits.push(Edit { member: name.into(), value: None });
            if !is_said_otherwise {
                foreign.dropped.push(name.into());
            }
        }
        for name in ["messages", "tools"] {
            let text = member(name).filter(|text| NESTED.iter().any(|word| text.contains(word)));
            if let Some(value) = text.and_then(|text| cleaned(&text)) {
                foreign.edits.push(Edit { member: name.into(), value: Some(value) });
            }
        }
        foreign
    }
}

/// A list of messages or tools without those members; none if it has none of them.
fn cleaned(list: &str) -> Option<String> {
    let items: Vec<&RawValue> = serde_json::from_str(list).ok()?;
    let mut changed = false;
    let cleaned: Vec<_> = items.into_iter().map(|item| item_of(item, &mut changed)).collect();
    changed.then(|| write::array(|out| cleaned.iter().for_each(|item| out.json(item))))
}

/// An object without those members, also within the parts of its content.
fn item_of(item: &RawValue, changed: &mut bool) -> String {
    let Some(object) = Object::of(item) else { return item.get().to_owned() };
    write::object(|out| {
        for (name, value) in object.iter() {
            if NESTED.contains(&name) {
                *changed = true;
            } else if name == "content" && value.get().starts_with('[') {
                match cleaned(value.get()) {
                    Some(parts) => {
                        *changed = true;
                        out.json(name, &parts);
                    }
                    None => out.raw(name, value),
                }
            } else {
                out.raw(name, value);
            }
        }
    })
}
