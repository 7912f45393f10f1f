//! Requests for embeddings, and the document that answers them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use tollgate_sdk::types::Failure;

use crate::failure::{invalid, malformed};
use crate::object::{Object, array, count};
use crate::request::GATEWAY_MEMBERS;
use crate::text::Text;
use crate::write;

/// How vectors are written for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A list of numbers.
    Float,
    /// Base64 of their 32-bit floats, the lowest byte first.
    Base64,
}

/// A request for embeddings.
#[derive(Clone, Debug)]
pub struct EmbeddingsRequest<'a> {
    /// The texts, at least one.
    pub input: Vec<Text<'a>>,
    /// How the client wants the vectors.
    pub encoding: Encoding,
    /// How many numbers a vector has to have. Absent: the model's own.
    pub dimensions: Option<u64>,
    /// Every other member that is not null. None of them speaks to the gateway.
    pub rest: Object<'a>,
}

// === impl EmbeddingsRequest ===

impl<'a> EmbeddingsRequest<'a> {
    /// Reads a body of the dialect `openai-embeddings`.
    ///
    /// # Errors
    ///
    /// The request is not valid, or its input is given as tokens.
    pub fn read(body: &'a str) -> Result<Self, Failure> {
        let mut rest =
            Object::parse(body).ok_or_else(|| invalid("body", "The body must be an object."))?;
        for name in GATEWAY_MEMBERS {
            rest.take(name);
        }
        let request = Self {
            input: input(rest.take("input"))?,
            encoding: encoding(rest.take("encoding_format"))?,
            dimensions: dimensions(rest.take("dimensions"))?,
            rest: Object::default(),
        };
        rest.without_effect(&[]);
        Ok(Self { rest, ..request })
    }
}

fn input<'a>(value: Option<&'a RawValue>) -> Result<Vec<Text<'a>>, Failure> {
    let wrong =
        || invalid("input", "input must be a text or a list of texts; tokens are not taken.");
    let value = value.ok_or_else(wrong)?;
    if let Some(text) = Text::of(value) {
        return Ok(vec![text]);
    }
    let texts: Option<Vec<_>> =
        array(value).and_then(|items| items.into_iter().map(Text::of).collect());
    texts.filter(|texts| !texts.is_empty()).ok_or_else(wrong)
}

fn encoding(value: Option<&RawValue>) -> Result<Encoding, Failure> {
    match value.map(RawValue::get) {
        None | Some(r#""float""#) => Ok(Encoding::Float),
        Some(r#""base64""#) => Ok(Encoding::Base64),
        Some(_) => Err(invalid("encoding_format", "encoding_format must be `float` or `base64`.")),
    }
}

fn dimensions(value: Option<&RawValue>) -> Result<Option<u64>, Failure> {
    let Some(value) = value else {
        return Ok(None);
    };
    let wrong = || invalid("dimensions", "dimensions must be a whole number.");
    count(value).filter(|number| *number > 0).map(Some).ok_or_else(wrong)
}

/// The answer in OpenAI's form. `vectors` are lists of numbers as the provider wrote them, or packed
/// by it already, which then stay so.
///
/// # Errors
///
/// One of them is neither.
pub fn document(
    model: &str,
    vectors: &[&RawValue],
    encoding: Encoding,
    input_tokens: u64,
) -> Result<String, Failure> {
    let vectors = vectors.iter().map(|vector| embedding(vector, encoding));
    let vectors = vectors.collect::<Result<Vec<_>, _>>()?;
    Ok(write::object(|o| {
        o.text("object", "list");
        o.array("data", |list| {
            for (index, vector) in (0..).zip(&vectors) {
                list.object(|o| {
                    o.text("object", "embedding");
                    o.count("index", index);
                    o.json("embedding", vector);
                });
            }
        });
        o.text("model", model);
        o.object("usage", |o| {
            o.count("prompt_tokens", input_tokens);
            o.count("total_tokens", input_tokens);
        });
    }))
}

/// A vector as JSON text of the wanted form.
fn embedding(vector: &RawValue, encoding: Encoding) -> Result<String, Failure> {
    if let Some(packed) = Text::of(vector) {
        return Ok(packed.json().to_owned());
    }
    let numbers: Vec<f32> = serde_json::from_str(vector.get())
        .map_err(|_| malformed("The provider's embedding is no list of numbers."))?;
    Ok(match encoding {
        Encoding::Float => vector.get().to_owned(),
        Encoding::Base64 => {
            let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
            write::text(&STANDARD.encode(bytes))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_request_is_read() {
        let body = r#"{"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":8,
            "user":null,"input_type":"query"}"#;
        let request = EmbeddingsRequest::read(body).unwrap();
        assert_eq!((request.input.len(), request.encoding), (2, Encoding::Base64));
        assert_eq!(request.dimensions, Some(8));
        assert_eq!(request.rest.names().collect::<Vec<_>>(), ["input_type"]);
        assert_eq!(EmbeddingsRequest::read(r#"{"input":"a"}"#).unwrap().input.len(), 1);
    }

    #[test]
    fn faults_are_named() {
        for (body, place) in [
            ("7", "body"),
            ("{}", "input"),
            (r#"{"input":[]}"#, "input"),
            (r#"{"input":[1,2]}"#, "input"),
            (r#"{"input":[[1,2]]}"#, "input"),
            (r#"{"input":"a","encoding_format":"int8"}"#, "encoding_format"),
            (r#"{"input":"a","dimensions":0}"#, "dimensions"),
            (r#"{"input":"a","dimensions":"8"}"#, "dimensions"),
        ] {
            let failure = EmbeddingsRequest::read(body).unwrap_err();
            assert_eq!(failure.param.as_deref(), Some(place), "{body}");
        }
    }

    #[test]
    fn vectors_are_kept_as_numbers_or_packed() {
        let vectors = [raw("[0.1, -2]"), raw("[1e0]")];
        assert_eq!(
            document("m", &vectors, Encoding::Float, 5).unwrap(),
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1, -2]},{"object":"embedding","index":1,"embedding":[1e0]}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5}}"#
        );
        let packed = document("m", &vectors, Encoding::Base64, 5).unwrap();
        assert!(packed.contains(r#""index":1,"embedding":"AACAPw==""#), "{packed}");
        assert!(document("m", &[raw(r#"["x"]"#)], Encoding::Float, 5).is_err());
        let kept = document("m", &[raw(r#""AACAPw==""#)], Encoding::Float, 5).unwrap();
        assert!(kept.contains(r#""embedding":"AACAPw==""#), "{kept}");
    }
}
