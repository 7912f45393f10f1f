//! The tools that a model may call, and which of them it has to.

use tollgate_neutral::write::{self, ObjectWriter};
use tollgate_neutral::{ChatRequest, Loss, Text, Tool, ToolChoice, invalid};
use tollgate_sdk::types::Failure;

/// The schema of a function that takes no arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// What is said of tools.
#[derive(Debug, Default)]
pub(super) struct Tools {
    list: Vec<String>,
    choice: Option<&'static str>,
    strict: bool,
}

/// Plans what is said. Cohere can be held to call some tool, not to a certain one; where the client
/// names one, the model is offered no other.
pub(super) fn plan(wanted: &ChatRequest<'_>, loss: &mut Loss) -> Result<Tools, Failure> {
    let choice = match wanted.tool_choice {
        _ if wanted.tools.is_empty() => None,
        None | Some(ToolChoice::Auto) => None,
        Some(ToolChoice::None) => Some("NONE"),
        Some(ToolChoice::Required | ToolChoice::Function(_)) => Some("REQUIRED"),
        Some(ToolChoice::Other(_)) => {
            loss.drop("tool_choice")?;
            None
        }
    };
    if wanted.parallel_tool_calls == Some(false) && !wanted.tools.is_empty() {
        loss.drop("parallel_tool_calls")?;
    }
    let only = match wanted.tool_choice {
        Some(ToolChoice::Function(name)) => name.decoded(),
        _ => None,
    };
    let mut tools = Tools { choice, ..Tools::default() };
    let mut strict = 0_usize;
    for (index, tool) in wanted.tools.iter().enumerate() {
        let Tool::Function { name, strict: is_strict, .. } = tool else {
            let at = format!("tools[{index}]");
            return Err(invalid(&at, &format!("Cohere takes only functions, not {at}.")));
        };
        if only.is_none() || name.decoded() == only {
            tools.list.push(written(tool, *name, loss)?);
            strict += usize::from(*is_strict);
        }
    }
    if only.is_some() && tools.list.is_empty() {
        return Err(invalid("tool_choice", "tool_choice names a function that is not in tools."));
    }
    tools.strict = strict > 0 && strict == tools.list.len();
    if strict > 0 && !tools.strict {
        loss.drop("tools[].function.strict")?;
    }
    Ok(tools)
}

fn written(tool: &Tool<'_>, name: Text<'_>, loss: &mut Loss) -> Result<String, Failure> {
    let Tool::Function { description, parameters, rest, .. } = tool else {
        return Ok(String::new());
    };
    for member in rest.names() {
        loss.drop(&format!("tools[].{member}"))?;
    }
    Ok(write::object(|o| {
        o.text("type", "function");
        o.object("function", |o| {
            o.json("name", name.json());
            if let Some(description) = description {
                o.json("description", description.json());
            }
            match parameters {
                Some(parameters) => o.raw("parameters", parameters),
                None => o.json("parameters", NO_ARGUMENTS),
            }
        });
    }))
}

// === impl Tools ===

impl Tools {
    /// Writes the members about tools.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        if self.list.is_empty() {
            return;
        }
        o.array("tools", |a| self.list.iter().for_each(|tool| a.json(tool)));
        if let Some(choice) = self.choice {
            o.text("tool_choice", choice);
        }
        if self.strict {
            o.flag("strict_tools", true);
        }
    }
}
