//! Text completions in the neutral dialect: the prompt is the message of a user.

use super::Neutral;
use super::draft::Draft;
use crate::json::{Kind, Object, Raw, array, boolean, kind, object, string};
use crate::place::{Place, Unreadable};

/// Puts a request into the neutral dialect.
pub(super) fn to_chat(body: &[u8]) -> Result<Neutral, Unreadable> {
    let mut request = Object::of_body(body)?;
    let mut draft = Draft::new();
    let place = Place::of("prompt");
    let prompt = request.take("prompt").ok_or_else(|| place.must_be("a string"))?;
    let message = object! { "role": "user", "content": string(one(prompt, &place)?, &place)? };
    draft.put("messages", &[message]);
    if let Some(count) = request.take("logprobs") {
        draft.put("logprobs", &true);
        draft.put("top_logprobs", &Raw(count));
    }
    if let Some(text) = request.take("echo")
        && boolean(text, &Place::of("echo"))?
    {
        draft.drop("echo");
    }
    if let Some(count) = request.take("best_of")
        && request.rest().all(|(name, value)| name != "n" || value != count)
        && count != "1"
    {
        draft.drop("best_of");
    }
    draft.drop_members(&mut request, &["suffix"]);
    Ok(draft.end(&request))
}

/// A chat has one prompt, and it is text.
fn one<'a>(prompt: &'a str, place: &Place<'_>) -> Result<&'a str, Unreadable> {
    let only = match kind(prompt) {
        Kind::Array => match array(prompt, place)?.as_slice() {
            [only] => *only,
            _ => return Err(place.must_be("one string for this model")),
        },
        _ => prompt,
    };
    if kind(only) == Kind::String { Ok(only) } else { Err(place.must_be("text for this model")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn chat(body: &Value) -> (Value, Vec<String>) {
        let neutral = to_chat(body.to_string().as_bytes()).unwrap();
        (serde_json::from_slice(&neutral.body).unwrap(), neutral.dropped)
    }

    #[test]
    fn the_prompt_is_a_users_message() {
        let body = json!({
            "model": "m", "prompt": ["say hi"], "max_tokens": 5, "logprobs": 3, "n": 2,
            "best_of": 2, "stop": ["x"], "echo": false, "unknown": {"a": 1},
        });
        let expected = json!({
            "model": "m", "messages": [{"role": "user", "content": "say hi"}], "max_tokens": 5,
            "logprobs": true, "top_logprobs": 3, "n": 2, "stop": ["x"], "unknown": {"a": 1},
        });
        assert_eq!(chat(&body), (expected, vec![]));
    }

    #[test]
    fn what_a_chat_cannot_do_is_named() {
        let body = json!({
            "model": "m", "prompt": "p", "suffix": "s", "echo": true, "best_of": 3, "n": 1,
        });
        assert_eq!(chat(&body).1, ["echo", "best_of", "suffix"]);
        for prompt in [json!(["a", "b"]), json!([1, 2]), json!([[1]]), json!(1)] {
            let body = json!({"model": "m", "prompt": prompt}).to_string();
            assert_eq!(to_chat(body.as_bytes()).unwrap_err().param.as_deref(), Some("prompt"));
        }
    }
}
