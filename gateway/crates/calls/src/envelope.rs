//! A model call as its client sent it: the body, and the facts that the gateway itself must know.
//! Everything else in the body is the provider's business and stays as it is.

use std::sync::Arc;

use bytes::Bytes;
use tollgate_dialects::{Facts, facts};
use tollgate_domain::{Dialect, Document, DocumentError, Edit};

use crate::form::{Form, FormError};
use crate::refusal::Refusal;
use crate::speech::Request;
use crate::wish;

/// The member by which a client lets parameters be dropped.
const DROP_PARAMS: &str = "drop_params";
/// Fields of forms that are read here, and by the provider afterwards: the two must not differ.
const FORM_FIELDS: [&str; 4] = ["model", "prompt", "stream", "response_format"];

/// Which call a request is, as its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The dialect.
    pub dialect: Dialect,
    /// The model, if the path names it.
    pub model: Option<String>,
    /// The route's template, for the ledger and the access log: paths hold what clients like.
    pub route: &'static str,
}

/// A model call.
pub(crate) struct Envelope {
    pub(crate) request: Request,
    /// The form that the body is, in dialects where it is one.
    pub(crate) form: Option<Form>,
    pub(crate) facts: Facts,
    /// Whether the client lets parameters be dropped, if it says so.
    pub(crate) drop_params: Option<bool>,
}

// === impl Envelope ===

impl Envelope {
    /// Reads a body.
    pub(crate) fn read(
        called: &Called,
        content_type: Option<&[u8]>,
        bytes: Bytes,
    ) -> Result<Self, Refusal> {
        let form = match called.dialect {
            Dialect::OpenaiTranscriptions => Some(form(content_type, bytes.clone())?),
            _ => None,
        };
        let bytes = form.as_ref().map_or(bytes, Form::fields);
        let mut document = document(bytes)?;
        if let Some(model) = &called.model {
            let name = serde_json::Value::from(model.as_str()).to_string();
            let named = document.edited(&[Edit::set("model", name)]);
            document = self::document(named.unwrap_or_else(|_| document.bytes().clone()))?;
        }
        let own = [wish::MEMBERS.as_slice(), &[DROP_PARAMS]].concat();
        if let Some(twice) = document.repeated(&own) {
            return Err(repeated(twice));
        }
        let facts = facts(called.dialect, &document).map_err(Refusal::unreadable)?;
        let drop_params = document.member(DROP_PARAMS).filter(|text| *text != "null");
        let drop_params = drop_params.map(serde_json::from_str).transpose();
        let wrong = |_| Refusal::invalid(DROP_PARAMS, "'drop_params' must be true or false.");
        let drop_params = drop_params.map_err(wrong)?;
        let request = Request::new(called.dialect, Arc::new(document));
        Ok(Self { request, form, facts, drop_params })
    }
}

fn document(bytes: Bytes) -> Result<Document, Refusal> {
    let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
    Document::parse(bytes).map_err(|error| match error {
        DocumentError::Json(why) => {
            Refusal::invalid("request_body", format!("Invalid JSON payload: {why}"))
        }
        DocumentError::NotAnObject => {
            Refusal::invalid("request_body", "Invalid JSON payload: expected a JSON object")
        }
    })
}

fn form(content_type: Option<&[u8]>, bytes: Bytes) -> Result<Form, Refusal> {
    let invalid = |error: FormError| Refusal::invalid("request_body", error.to_string());
    let form = Form::parse(content_type.unwrap_or_default(), bytes).map_err(invalid)?;
    match form.repeated(&FORM_FIELDS) {
        Some(twice) => Err(repeated(twice)),
        None => Ok(form),
    }
}

fn repeated(twice: &str) -> Refusal {
    Refusal::invalid(twice, format!("The parameter '{twice}' occurs twice in the request."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, model: Option<&str>, text: &str) -> Result<Envelope, Refusal> {
        let called = Called { dialect, model: model.map(str::to_owned), route: "/" };
        Envelope::read(&called, None, Bytes::copy_from_slice(text.as_bytes()))
    }

    fn refused(text: &str) -> Refusal {
        read(Dialect::OpenaiChat, None, text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn the_facts_of_a_call_are_read() {
        let envelope = read(
            Dialect::OpenaiChat,
            None,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,
                "stream_options":{"include_usage":true},"max_tokens":5,"drop_params":true,
                "max_completion_tokens":7,"n":2,"unknown":{"a":1}}"#,
        )
        .unwrap();
        let facts = &envelope.facts;
        assert_eq!((facts.model.as_str(), facts.streamed, facts.usage_asked), ("m", true, true));
        assert_eq!((facts.output_cap, facts.choices), (Some(7), 2));
        assert!(facts.input_bound >= envelope.request.document().bytes().len() as u64);
        assert_eq!(envelope.drop_params, Some(true));
    }

    #[test]
    fn the_path_names_the_model_whatever_the_body_says() {
        for body in [r#"{"messages":[]}"#, r#"{"model":"other","messages":[]}"#] {
            let envelope = read(Dialect::OpenaiChat, Some("a \"b\""), body).unwrap();
            assert_eq!(envelope.facts.model, "a \"b\"");
        }
    }

    #[test]
    fn mistakes_name_the_parameter() {
        for (text, param) in [
            ("{", "request_body"),
            ("[]", "request_body"),
            ("{}", "messages"),
            ("", "messages"),
            (r#"{"model":"m","messages":"hi"}"#, "messages"),
            (r#"{"model":1,"messages":[]}"#, "model"),
            (r#"{"model":"m","messages":[],"drop_params":1}"#, "drop_params"),
            (r#"{"model":"m","messages":[],"fallbacks":[],"fallb\u0061cks":[]}"#, "fallbacks"),
            (r#"{"model":"m","messages":[],"mod\u0065l":"x"}"#, "model"),
        ] {
            let refusal = refused(text);
            assert_eq!((refusal.status, refusal.param.as_deref()), (400, Some(param)), "{text}");
        }
    }

    #[test]
    fn a_missing_model_is_told_as_litellm_tells_it() {
        let refusal = refused(r#"{"messages":[]}"#);
        assert!(refusal.message.contains("model=None"), "{}", refusal.message);
        assert_eq!(refusal.status, 400);
    }

    #[test]
    fn a_form_is_read_by_its_fields() {
        let called = Called { dialect: Dialect::OpenaiTranscriptions, model: None, route: "/" };
        let kind = Some(b"multipart/form-data; boundary=x".as_slice());
        let field = |name: &str, value: &str| {
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let text = [field("model", "w"), field("stream", "true"), "--x--\r\n".to_owned()].concat();
        let envelope = Envelope::read(&called, kind, Bytes::from(text)).unwrap();
        assert_eq!((envelope.facts.model.as_str(), envelope.facts.streamed), ("w", true));
        let twice = [field("model", "a"), field("model", "b"), "--x--\r\n".to_owned()].concat();
        let refused = Envelope::read(&called, kind, Bytes::from(twice)).map(|_| ()).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("model"));
        let refused = Envelope::read(&called, None, Bytes::new()).map(|_| ()).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("request_body"));
    }
}
