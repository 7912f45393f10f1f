//! Chat of version 2.

mod decode;
mod messages;
mod parameters;
mod tools;

use tollgate_neutral::write::ObjectWriter;
use tollgate_neutral::{ChatRequest, Effort, Loss, ResponseFormat, write};
use tollgate_sdk::types::{Call, Failure, Tokens};

pub(crate) use decode::Decoder;

use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Framing, Reading, UpstreamBody, UpstreamRequest,
};
use crate::request;

/// Bytes by which a body may be longer than the client's.
const MARGIN: usize = 1024;

/// Makes the request. `output_cap` is the cap that the admission rests on.
pub(crate) fn request(
    call: &Call,
    body: &str,
    deployment: &Deployment,
    output_cap: Option<Tokens>,
) -> Result<UpstreamRequest, Failure> {
    let wanted = ChatRequest::read(body)?;
    let mut loss = Loss::new("Cohere", deployment.drop_params);
    let messages = messages::check(&wanted.messages, &mut loss)?;
    let tools = tools::plan(&wanted, &mut loss)?;
    let parameters = parameters::sort(&wanted.rest, &mut loss)?;
    let cap = [call.output_cap, output_cap].into_iter().flatten().min();
    let body = write::large_object(body.len() + MARGIN, |o| {
        o.text("model", &deployment.model);
        o.flag("stream", call.streamed);
        o.array("messages", |a| {
            messages.iter().for_each(|message| a.object(|o| message.write(o)));
        });
        tools.write(o);
        if let Some(cap) = cap {
            o.count("max_tokens", cap);
        }
        if !wanted.stop.is_empty() {
            o.array("stop_sequences", |a| wanted.stop.iter().for_each(|text| a.json(text.json())));
        }
        write_format(&wanted.response_format, o);
        // The client's own `thinking` comes before an effort.
        if let Some(effort) = wanted.reasoning_effort.filter(|_| !parameters.has("thinking")) {
            write_thinking(effort, o);
        }
        parameters.write(o);
    });
    let framing = if call.streamed { Framing::ServerSentEvents } else { Framing::Whole };
    let body = UpstreamBody::Replaced(body.into_bytes());
    let mut upstream = request::upstream("/v2/chat", body, Reading::Decode(framing));
    upstream.dropped = loss.into_dropped();
    Ok(upstream)
}

fn write_format(format: &ResponseFormat<'_>, o: &mut ObjectWriter<'_>) {
    let schema = match format {
        ResponseFormat::Text => return,
        ResponseFormat::JsonObject => None,
        ResponseFormat::JsonSchema { schema, .. } => Some(schema),
    };
    o.object("response_format", |o| {
        o.text("type", "json_object");
        if let Some(schema) = schema {
            o.raw("json_schema", schema);
        }
    });
}

/// The tokens to think with, or as many as the model likes.
fn write_thinking(effort: Effort, o: &mut ObjectWriter<'_>) {
    let budget = match effort {
        Effort::None => return o.object("thinking", |o| o.text("type", "disabled")),
        Effort::Minimal | Effort::Low => Some(1024),
        Effort::Medium => Some(2048),
        Effort::High | Effort::XHigh | Effort::Max => None,
    };
    o.object("thinking", |o| {
        o.text("type", "enabled");
        if let Some(budget) = budget {
            o.count("token_budget", budget);
        }
    });
}
