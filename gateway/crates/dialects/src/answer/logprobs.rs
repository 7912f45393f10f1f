//! Probabilities of tokens: joined, and in the older shape of text completions.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::json::Text;

/// Pieces of a choice's `logprobs` as one: their lists one after the other.
pub(super) fn joined(pieces: &[String]) -> Option<String> {
    let mut sum = Map::new();
    for piece in pieces {
        let Ok(Value::Object(next)) = serde_json::from_str(piece) else { continue };
        for (name, value) in next {
            match (sum.get_mut(&name), value) {
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                (_, value) => drop(sum.insert(name, value)),
            }
        }
    }
    (!sum.is_empty()).then(|| Value::Object(sum).to_string())
}

/// The entries for the text's tokens, each as JSON text.
pub(super) fn entries(text: &Text) -> Vec<Text> {
    #[derive(serde::Deserialize)]
    struct Lists<'a> {
        #[serde(default, borrow)]
        content: Option<Vec<&'a RawValue>>,
    }
    let lists = serde_json::from_slice::<Lists<'_>>(text.as_bytes()).ok();
    let entries = lists.and_then(|lists| lists.content).unwrap_or_default();
    entries.into_iter().map(|entry| Text::of_json(entry.get())).collect()
}

/// The shape of text completions: `tokens`, `token_logprobs`, `top_logprobs`, `text_offset`.
/// `offset` is the number of characters of the text before.
pub(super) fn older(text: &Text, mut offset: usize) -> Value {
    let value: Value = serde_json::from_slice(text.as_bytes()).unwrap_or_default();
    let Some(content) = value.get("content").and_then(Value::as_array) else { return value };
    let (mut tokens, mut probabilities) = (Vec::new(), Vec::new());
    let (mut tops, mut offsets) = (Vec::new(), Vec::new());
    for entry in content {
        let token = entry.get("token").and_then(Value::as_str).unwrap_or_default();
        tokens.push(json!(token));
        probabilities.push(entry.get("logprob").cloned().unwrap_or_default());
        tops.push(top(entry));
        offsets.push(json!(offset));
        offset += token.chars().count();
    }
    json!({
        "tokens": tokens, "token_logprobs": probabilities,
        "top_logprobs": tops, "text_offset": offsets,
    })
}

fn top(entry: &Value) -> Value {
    let Some(list) = entry.get("top_logprobs").and_then(Value::as_array) else {
        return Value::Null;
    };
    let pair = |other: &Value| {
        Some((other.get("token")?.as_str()?.to_owned(), other.get("logprob")?.clone()))
    };
    Value::Object(list.iter().filter_map(pair).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::compact;

    #[test]
    fn lists_are_joined() {
        let pieces = [
            r#"{"content":[{"token":"a"}],"refusal":null}"#.to_owned(),
            r#"{"content":[{"token":"b"}],"refusal":null}"#.to_owned(),
        ];
        let value: Value = serde_json::from_str(&joined(&pieces).unwrap()).unwrap();
        assert_eq!(value, json!({"content": [{"token": "a"}, {"token": "b"}], "refusal": null}));
        assert_eq!(joined(&[]), None);
        assert_eq!(joined(&["null".to_owned()]), None);
    }

    #[test]
    fn the_older_shape_has_the_same_figures() {
        let text = r#"{"content":[{"token":"é","logprob":-0.5,"top_logprobs":[
            {"token":"é","logprob":-0.5},{"token":"e","logprob":-1.5}]},
            {"token":"b","logprob":-0.1,"top_logprobs":[]}]}"#;
        assert_eq!(
            older(&compact(text).unwrap(), 3),
            json!({
                "tokens": ["é", "b"],
                "token_logprobs": [-0.5, -0.1],
                "top_logprobs": [{"é": -0.5, "e": -1.5}, {}],
                "text_offset": [3, 4],
            })
        );
    }
}
