//! Reads a JSON body field by field, and says what is wrong with it in FastAPI's words.
//!
//! Only fields that are asked for are read, so that no field can be set by naming it.

use serde_json::{Map, Value, json};
use tollgate_domain::NanoUsd;

use crate::envelope::{AdminResponse, detail, mistake};

/// A body that is being read.
pub(crate) struct Fields {
    left: Map<String, Value>,
    mistakes: Vec<Value>,
}

/// What is wrong with a value.
pub(crate) struct Mistake {
    kind: &'static str,
    message: &'static str,
    /// The position, in a list.
    index: Option<usize>,
}

/// A field: absent, null, or a value.
pub(crate) type Given<T> = Option<Option<T>>;

// === impl Fields ===

impl Fields {
    /// Reads the whole body, which must be an object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, AdminResponse> {
        let refused = |found: Value| Err(detail(422, json!([found])));
        if body.is_empty() {
            return refused(mistake("missing", json!(["body"]), "Field required"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(left)) => Ok(Self { left, mistakes: Vec::new() }),
            Ok(_) => refused(mistake(
                "model_attributes_type",
                json!(["body"]),
                "Input should be a valid dictionary or object to extract fields from",
            )),
            Err(error) => refused(mistake(
                "json_invalid",
                json!(["body", error.column()]),
                "JSON decode error",
            )),
        }
    }

    /// Reads a field.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        read: impl Fn(&Value) -> Result<T, Mistake>,
    ) -> Given<T> {
        let value = self.left.remove(name)?;
        if value.is_null() {
            return Some(None);
        }
        match read(&value) {
            Ok(value) => Some(Some(value)),
            Err(found) => {
                let mut loc = vec![json!("body"), json!(name)];
                loc.extend(found.index.map(|index| json!(index)));
                self.mistakes.push(mistake(found.kind, json!(loc), found.message));
                None
            }
        }
    }

    /// Reads a field that must be there.
    pub(crate) fn require<T>(
        &mut self,
        name: &str,
        read: impl Fn(&Value) -> Result<T, Mistake>,
    ) -> Option<T> {
        let before = self.mistakes.len();
        let value = self.take(name, read).flatten();
        if value.is_none() && self.mistakes.len() == before {
            self.mistakes.push(mistake("missing", json!(["body", name]), "Field required"));
        }
        value
    }

    /// Notes a mistake that is not about one field.
    pub(crate) fn wrong(&mut self, message: &str) {
        self.mistakes.push(mistake("value_error", json!(["body"]), message));
    }

    /// The names of all fields that nobody asked for; or what was wrong with the others.
    pub(crate) fn finish(self) -> Result<Vec<String>, AdminResponse> {
        if self.mistakes.is_empty() {
            Ok(self.left.into_iter().map(|(name, _)| name).collect())
        } else {
            Err(detail(422, Value::Array(self.mistakes)))
        }
    }
}

// === impl Mistake ===

impl Mistake {
    fn new(kind: &'static str, message: &'static str) -> Self {
        Self { kind, message, index: None }
    }
}

/// A text.
pub(crate) fn text(value: &Value) -> Result<String, Mistake> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| Mistake::new("string_type", "Input should be a valid string"))
}

/// A list of texts.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, Mistake> {
    let elements = list(value)?;
    let read =
        |(index, element)| text(element).map_err(|found| Mistake { index: Some(index), ..found });
    elements.iter().enumerate().map(read).collect()
}

/// Dollars; a text that holds a number is one too.
pub(crate) fn money(value: &Value) -> Result<NanoUsd, Mistake> {
    let dollars = match value {
        Value::String(text) => text.trim().parse().map_err(|_| {
            Mistake::new(
                "float_parsing",
                "Input should be a valid number, unable to parse string as a number",
            )
        })?,
        other => other
            .as_f64()
            .ok_or_else(|| Mistake::new("float_type", "Input should be a valid number"))?,
    };
    NanoUsd::from_usd(dollars).ok_or_else(|| not_an_amount(dollars))
}

fn not_an_amount(dollars: f64) -> Mistake {
    if dollars.is_finite() && dollars > 0.0 {
        Mistake::new("less_than_equal", "Input should be less than or equal to 9223372036")
    } else if dollars.is_finite() {
        Mistake::new("greater_than_equal", "Input should be greater than or equal to 0")
    } else {
        Mistake::new("finite_number", "Input should be a finite number")
    }
}

/// A whole number, not negative; a text that holds one is one too.
pub(crate) fn count(value: &Value) -> Result<u64, Mistake> {
    let number = match value {
        Value::String(text) => text.trim().parse::<i64>().map_err(|_| {
            Mistake::new(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            )
        })?,
        other => whole(other)?,
    };
    u64::try_from(number).map_err(|_| {
        Mistake::new("greater_than_equal", "Input should be greater than or equal to 0")
    })
}

fn whole(value: &Value) -> Result<i64, Mistake> {
    if let Some(number) = value.as_i64() {
        return Ok(number);
    }
    match value.as_f64() {
        // Up to 2^53 a float holds each whole number exactly.
        Some(float) if float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 => {
            Ok(float as i64)
        }
        Some(float) if float.fract() == 0.0 => {
            Err(Mistake::new("int_parsing_size", "Unable to parse input string as an integer"))
        }
        Some(_) => Err(Mistake::new(
            "int_from_float",
            "Input should be a valid integer, got a number with a fractional part",
        )),
        None => Err(Mistake::new("int_type", "Input should be a valid integer")),
    }
}

/// A truth value.
pub(crate) fn flag(value: &Value) -> Result<bool, Mistake> {
    value.as_bool().ok_or_else(|| {
        Mistake::new("bool_parsing", "Input should be a valid boolean, unable to interpret input")
    })
}

/// An object.
pub(crate) fn object(value: &Value) -> Result<Map<String, Value>, Mistake> {
    let object = value.as_object().cloned();
    object.ok_or_else(|| Mistake::new("dict_type", "Input should be a valid dictionary"))
}

/// A list of anything.
pub(crate) fn list(value: &Value) -> Result<&Vec<Value>, Mistake> {
    value.as_array().ok_or_else(|| Mistake::new("list_type", "Input should be a valid list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(body: &str) -> Value {
        let mut fields = Fields::parse(body.as_bytes()).ok().unwrap();
        fields.take("text", text);
        fields.take("texts", texts);
        fields.take("money", money);
        fields.take("count", count);
        fields.take("flag", flag);
        fields.take("object", object);
        let refused = fields.finish().err().unwrap();
        assert_eq!(refused.status, 422);
        serde_json::from_slice::<Value>(&refused.body).unwrap()["detail"][0].clone()
    }

    #[test]
    fn each_mistake_is_named_as_fastapi_does() {
        for (body, kind, loc) in [
            (r#"{"text":1}"#, "string_type", json!(["body", "text"])),
            (r#"{"texts":"a"}"#, "list_type", json!(["body", "texts"])),
            (r#"{"texts":["a",1]}"#, "string_type", json!(["body", "texts", 1])),
            (r#"{"money":"abc"}"#, "float_parsing", json!(["body", "money"])),
            (r#"{"money":true}"#, "float_type", json!(["body", "money"])),
            (r#"{"money":-0.01}"#, "greater_than_equal", json!(["body", "money"])),
            (r#"{"money":1e12}"#, "less_than_equal", json!(["body", "money"])),
            (r#"{"money":"nan"}"#, "finite_number", json!(["body", "money"])),
            (r#"{"count":-1}"#, "greater_than_equal", json!(["body", "count"])),
            (r#"{"count":1.5}"#, "int_from_float", json!(["body", "count"])),
            (r#"{"count":"x"}"#, "int_parsing", json!(["body", "count"])),
            (r#"{"count":1e300}"#, "int_parsing_size", json!(["body", "count"])),
            (r#"{"count":[]}"#, "int_type", json!(["body", "count"])),
            (r#"{"flag":"perhaps"}"#, "bool_parsing", json!(["body", "flag"])),
            (r#"{"object":[]}"#, "dict_type", json!(["body", "object"])),
        ] {
            let complaint = complaint(body);
            assert_eq!((&complaint["type"], &complaint["loc"]), (&json!(kind), &loc), "{body}");
        }
    }

    #[test]
    fn absent_null_and_given_are_told_apart_and_the_rest_is_named() {
        let mut fields = Fields::parse(br#"{"a":null,"b":"2","c":3.0,"x":1}"#).ok().unwrap();
        assert_eq!(fields.take("a", text), Some(None));
        assert_eq!(fields.take("b", count), Some(Some(2)));
        assert_eq!(fields.take("c", count), Some(Some(3)));
        assert_eq!(fields.take("d", text), None);
        assert_eq!(fields.finish().ok(), Some(vec!["x".to_owned()]));
    }

    #[test]
    fn bodies_that_are_no_object_are_refused() {
        for (body, kind) in
            [("", "missing"), ("{", "json_invalid"), ("[]", "model_attributes_type")]
        {
            let refused = Fields::parse(body.as_bytes()).err().unwrap();
            let body: Value = serde_json::from_slice(&refused.body).unwrap();
            assert_eq!((refused.status, &body["detail"][0]["type"]), (422, &json!(kind)));
        }
        let mut fields = Fields::parse(b"{}").ok().unwrap();
        assert_eq!(fields.require("key", text), None);
        assert!(fields.finish().is_err());
    }
}
