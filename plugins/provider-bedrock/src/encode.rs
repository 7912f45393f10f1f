//! Requests to talk: the neutral dialect made into Converse's.

mod format;
mod media;
mod messages;
mod parameters;
mod thinking;
mod tools;

use tollgate_neutral::{ChatRequest, Loss, write};
use tollgate_sdk::types::{Call, Failure};

pub(crate) use self::format::ANSWER_TOOL;
use self::format::AnswerFormat;
use crate::address;
use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Framing, Reading, UpstreamBody, UpstreamRequest,
};
use crate::family::Family;

/// Members of an object with their values as JSON text.
type Members = Vec<(String, String)>;

/// Makes the request. `output_cap` is the cap that the admission rests on.
pub(crate) fn request(
    call: &Call,
    body: &str,
    deployment: &Deployment,
    output_cap: Option<u64>,
) -> Result<UpstreamRequest, Failure> {
    let mut request = ChatRequest::read(body)?;
    let model = address::model(deployment);
    let family = Family::of(model);
    let mut loss = Loss::new("Bedrock", deployment.drop_params);
    let cap = [call.output_cap, output_cap].into_iter().flatten().min();
    let given = request.rest.take("thinking");
    let thinking = thinking::plan(family, given, request.reasoning_effort, cap, &mut loss)?;
    let format = AnswerFormat::plan(family, &request.response_format);
    let conversation = messages::conversation(&request, family, &format, &mut loss)?;
    let wanted = tools::Wanted { family, format: &format, is_thinking: thinking.is_some() };
    let tools = tools::tools(&request, &wanted, &conversation.called, &mut loss)?;
    let parameters = parameters::parameters(&request, family, cap, &mut loss)?;
    let mut fields: Members = parameters.fields;
    fields.extend(thinking.into_iter().flatten());
    fields.extend(tools.field);
    let body = write::object(|body| {
        body.array("messages", |list| conversation.turns.iter().for_each(|turn| list.json(turn)));
        if !conversation.system.is_empty() {
            body.array("system", |list| conversation.system.iter().for_each(|b| list.json(b)));
        }
        let objects =
            [("inferenceConfig", &parameters.inference), ("additionalModelRequestFields", &fields)];
        for (name, members) in objects {
            if !members.is_empty() {
                body.object(name, |object| members.iter().for_each(|(n, v)| object.json(n, v)));
            }
        }
        if let Some(config) = &tools.config {
            body.json("toolConfig", config);
        }
        if let AnswerFormat::Schema(config) = &format {
            body.json("outputConfig", config);
        }
        parameters.top.iter().for_each(|(name, value)| body.json(name, value));
    });
    let (operation, framing) = if call.streamed {
        ("converse-stream", Framing::AwsEventStream)
    } else {
        ("converse", Framing::Whole)
    };
    Ok(UpstreamRequest {
        method: "POST".into(),
        path: address::path(model, operation),
        headers: Vec::new(),
        body: UpstreamBody::Replaced(body.into_bytes()),
        credential: Some(address::credential(deployment)?),
        reading: Reading::Decode(framing),
        dropped: loss.into_dropped(),
    })
}
