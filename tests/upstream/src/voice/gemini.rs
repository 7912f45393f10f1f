//! Gemini's generateContent.

use serde_json::{Value, json};

use super::{Said, TOOL, event};

pub(super) fn whole(said: &Said<'_>) -> Value {
    let parts = match said.reply.tool {
        true => json!([call()]),
        false => json!([{"text": said.text()}]),
    };
    let mut answer = chunk(said, &parts);
    end(&mut answer, said);
    answer
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    event(&chunk(said, &json!([{"text": said.piece(index)}])))
}

pub(super) fn closing(said: &Said<'_>) -> Vec<Vec<u8>> {
    let parts = if said.reply.tool { json!([call()]) } else { json!([{"text": ""}]) };
    let mut last = chunk(said, &parts);
    end(&mut last, said);
    vec![event(&last)]
}

fn call() -> Value {
    let (_, name, arguments) = TOOL;
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    json!({"functionCall": {"name": name, "args": arguments}})
}

fn chunk(said: &Said<'_>, parts: &Value) -> Value {
    json!({
        "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}],
        "modelVersion": said.model,
        "responseId": "scripted",
    })
}

fn end(chunk: &mut Value, said: &Said<'_>) {
    chunk["candidates"][0]["finishReason"] = "STOP".into();
    if let Some((input, output)) = said.reply.usage {
        chunk["usageMetadata"] = json!({"promptTokenCount": input,
            "candidatesTokenCount": output, "totalTokenCount": input + output});
    }
}
