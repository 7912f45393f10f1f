//! A request of the neutral dialect as a request for messages.

mod blocks;
mod conversation;
mod format;
mod parameters;
mod parts;
mod schema;
mod thinking;
mod tools;

use tollgate_neutral::write::{self, ObjectWriter};
use tollgate_neutral::{ChatRequest, Loss, Text};
use tollgate_sdk::types::{Call, Failure, Tokens};

use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Framing, Reading, UpstreamBody, UpstreamRequest,
};
use crate::model::Model;
use crate::request;
use conversation::Conversation;
pub(crate) use format::ANSWER_TOOL;
use format::AnswerFormat;
use parameters::Parameters;
use thinking::Plan;

/// The cap of an answer where nobody gives one; Anthropic wants one always.
const OUTPUT_CAP: Tokens = 4096;

/// Bytes by which a body may be longer than the client's.
const MARGIN: usize = 1024;

/// Lets a request name files that were uploaded before.
const FILES_BETA: (&str, &str) = ("anthropic-beta", "files-api-2025-04-14");

/// How long an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cap {
    /// No longer than this.
    Fixed(Tokens),
    /// Nobody has said; this long, and longer by what the model thinks.
    Assumed(Tokens),
}

/// Everything that goes into the body.
struct Message<'r, 'a> {
    model: &'r str,
    streamed: bool,
    max_tokens: Tokens,
    conversation: Conversation<'a>,
    tools: Option<String>,
    tool_choice: Option<String>,
    format: AnswerFormat,
    thinking: Plan<'a>,
    stop: &'r [Text<'a>],
    parameters: Parameters<'a>,
}

/// Makes the request. `output_cap` is the cap that the admission rests on.
pub(crate) fn request(
    call: &Call,
    body: &str,
    deployment: &Deployment,
    output_cap: Option<Tokens>,
) -> Result<UpstreamRequest, Failure> {
    let request = ChatRequest::read(body)?;
    let model = Model::named(&deployment.model);
    let mut loss = Loss::new("Anthropic", deployment.drop_params);
    let mut rest = request.rest.clone();
    let cap = cap(call, deployment, output_cap);
    let (thinking, max_tokens) =
        thinking::plan(model, rest.take("thinking"), request.reasoning_effort, cap, &mut loss)?;
    let format = format::plan(model, &request.response_format);
    let message = Message {
        model: &deployment.model,
        streamed: call.streamed,
        max_tokens,
        conversation: conversation::build(&request.messages, &format, &mut loss)?,
        tools: tools::list(&request.tools, &format, model, &mut loss)?,
        tool_choice: tools::choice(&request, &format, &thinking, &mut loss)?,
        parameters: parameters::sort(rest, model, &thinking, &format, &mut loss)?,
        format,
        thinking,
        stop: &request.stop,
    };
    let names_files = message.conversation.names_files();
    let framing = if call.streamed { Framing::ServerSentEvents } else { Framing::Whole };
    let body = UpstreamBody::Replaced(message.write(body.len() + MARGIN).into_bytes());
    let mut upstream = request::upstream(request::MESSAGES_PATH, body, Reading::Decode(framing));
    if names_files {
        upstream.headers.push((FILES_BETA.0.into(), FILES_BETA.1.into()));
    }
    upstream.dropped = loss.into_dropped();
    Ok(upstream)
}

/// The least cap that anybody gives; the most that the deployment can; or an assumed one.
fn cap(call: &Call, deployment: &Deployment, output_cap: Option<Tokens>) -> Cap {
    let wanted = [call.output_cap, output_cap].into_iter().flatten().min();
    let candidate = || call.candidates.iter().find(|c| c.deployment == deployment.id);
    match wanted.or_else(|| candidate()?.output_max) {
        Some(cap) => Cap::Fixed(cap),
        None => Cap::Assumed(OUTPUT_CAP),
    }
}

// === impl Message ===

impl Message<'_, '_> {
    /// The body as JSON, of about so many bytes.
    fn write(&self, bytes: usize) -> String {
        write::large_object(bytes, |o| {
            o.text("model", self.model);
            o.count("max_tokens", self.max_tokens);
            if !self.conversation.system.is_empty() {
                o.array("system", |a| {
                    let blocks = self.conversation.system.iter();
                    blocks.for_each(|block| a.object(|o| block.write(o)));
                });
            }
            o.array("messages", |turns| {
                for turn in &self.conversation.turns {
                    turns.object(|o| turn.write(o));
                }
            });
            if let Some(tools) = &self.tools {
                o.json("tools", tools);
            }
            if let Some(choice) = &self.tool_choice {
                o.json("tool_choice", choice);
            }
            if !self.stop.is_empty() {
                o.array("stop_sequences", |texts| {
                    self.stop.iter().for_each(|text| texts.json(text.json()));
                });
            }
            self.thinking.write(o);
            self.write_output_config(o);
            self.parameters.write(o);
            if self.streamed {
                o.flag("stream", true);
            }
        })
    }

    /// The form of the answer and the effort, which share a member.
    fn write_output_config(&self, o: &mut ObjectWriter<'_>) {
        let schema = match &self.format {
            AnswerFormat::Schema(schema) => Some(schema),
            _ => None,
        };
        let effort = self.thinking.effort();
        if schema.is_none() && effort.is_none() {
            return;
        }
        o.object("output_config", |o| {
            if let Some(effort) = effort {
                o.text("effort", effort);
            }
            if let Some(schema) = schema {
                o.object("format", |o| {
                    o.text("type", "json_schema");
                    o.json("schema", schema);
                });
            }
        });
    }
}
