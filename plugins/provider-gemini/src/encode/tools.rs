//! The tools that the model may use, and which it has to.

use serde_json::value::RawValue;
use tollgate_neutral::{ChatRequest, Loss, Object, Text, Tool, ToolChoice, array, invalid, write};
use tollgate_sdk::types::Failure;

use crate::schema::{Schema, schema};

/// Gemini's own tools, as clients may call them.
const OWN: [(&str, &str); 8] = [
    ("google_search", "googleSearch"),
    ("googleSearch", "googleSearch"),
    ("code_execution", "codeExecution"),
    ("codeExecution", "codeExecution"),
    ("url_context", "urlContext"),
    ("urlContext", "urlContext"),
    ("google_maps", "googleMaps"),
    ("googleMaps", "googleMaps"),
];

/// `tools` and `toolConfig` as JSON text.
pub(super) struct Tools {
    pub(super) list: Option<String>,
    pub(super) config: Option<String>,
}

/// Makes both.
pub(super) fn tools(
    request: &ChatRequest<'_>,
    searches: bool,
    loss: &mut Loss,
) -> Result<Tools, Failure> {
    let (mut functions, mut own) = (Vec::new(), Vec::new());
    for tool in &request.tools {
        match tool {
            Tool::Function { name, description, parameters, .. } => {
                functions.push(declaration(*name, *description, *parameters));
            }
            Tool::Other { kind, value } => match OWN.iter().find(|(known, _)| known == kind) {
                Some((_, name)) => own.push((*name, settings(kind, value))),
                None => loss.drop("tools")?,
            },
        }
    }
    if searches && !own.iter().any(|(name, _)| *name == "googleSearch") {
        own.push(("googleSearch", "{}".to_owned()));
    }
    if request.parallel_tool_calls == Some(false) && !functions.is_empty() {
        loss.drop("parallel_tool_calls")?;
    }
    let config = if functions.is_empty() { None } else { choice(request.tool_choice)? };
    let is_empty = functions.is_empty() && own.is_empty();
    let list = write::array(|list| {
        if !functions.is_empty() {
            list.object(|tool| {
                tool.array("functionDeclarations", |list| {
                    functions.iter().for_each(|function| list.json(function));
                });
            });
        }
        for (name, settings) in &own {
            list.object(|tool| tool.json(name, settings));
        }
    });
    Ok(Tools { list: (!is_empty).then_some(list), config })
}

/// What a client says of one of Gemini's own tools: the object of the tool's name.
fn settings(kind: &str, tool: &RawValue) -> String {
    let settings = Object::of(tool).and_then(|tool| tool.get(kind).map(RawValue::get));
    settings.filter(|json| json.starts_with('{')).unwrap_or("{}").to_owned()
}

fn declaration(
    name: Text<'_>,
    description: Option<Text<'_>>,
    parameters: Option<&RawValue>,
) -> String {
    write::object(|function| {
        function.json("name", name.json());
        if let Some(description) = description {
            function.json("description", description.json());
        }
        match parameters.map(schema) {
            None | Some(Schema::Empty) => {}
            Some(Schema::Subset(subset)) => function.json("parameters", &subset),
            Some(Schema::Json(json)) => function.json("parametersJsonSchema", &json),
        }
    })
}

fn choice(choice: Option<ToolChoice<'_>>) -> Result<Option<String>, Failure> {
    let (mode, names) = match choice {
        None => return Ok(None),
        Some(ToolChoice::Auto) => ("AUTO", Vec::new()),
        Some(ToolChoice::None) => ("NONE", Vec::new()),
        Some(ToolChoice::Required) => ("ANY", Vec::new()),
        Some(ToolChoice::Function(name)) => ("ANY", vec![name.json().to_owned()]),
        Some(ToolChoice::Other(value)) => allowed(value)?,
    };
    Ok(Some(write::object(|config| {
        config.object("functionCallingConfig", |calling| {
            calling.text("mode", mode);
            if !names.is_empty() {
                calling.array("allowedFunctionNames", |list| {
                    names.iter().for_each(|name| list.json(name));
                });
            }
        });
    })))
}

/// A choice among some of the functions: `allowed_tools`. Names go with the mode `ANY` only.
fn allowed(value: &RawValue) -> Result<(&'static str, Vec<String>), Failure> {
    let wrong = || {
        let message = "tool_choice must be a word, name a function, or be `allowed_tools` with \
                       functions and the mode `required`.";
        invalid("tool_choice", message)
    };
    let choice = Object::of(value).ok_or_else(wrong)?;
    let allowed = choice.object("allowed_tools").ok_or_else(wrong)?;
    if allowed.text("mode").as_deref() != Some("required") {
        return Err(wrong());
    }
    let tools = allowed.get("tools").and_then(array).ok_or_else(wrong)?;
    let name = |tool: &RawValue| {
        let name = Object::of(tool)?.object("function")?.take_text("name")?;
        Some(name.json().to_owned())
    };
    let names: Option<Vec<String>> = tools.into_iter().map(name).collect();
    names.filter(|names| !names.is_empty()).map(|names| ("ANY", names)).ok_or_else(wrong)
}
