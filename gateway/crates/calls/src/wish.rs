//! What a client says of routing in its request: members that are the gateway's, not the
//! provider's.

use serde::Deserialize;
use tollgate_domain::{Document, Edit};
use tollgate_routing::{StandIns, Wish};

use crate::envelope::Envelope;
use crate::refusal::Refusal;

/// The members. They are taken out of what a provider is sent.
pub(crate) const MEMBERS: [&str; 3] = ["num_retries", "disable_fallbacks", "fallbacks"];

/// A list longer than what any configuration tries.
const FALLBACKS_MAX: usize = 100;

/// A token has about four bytes in most languages. Good enough for a deployment's `tpm`: what was
/// really used takes its place.
const BYTES_PER_TOKEN: u64 = 4;

/// An entry of `fallbacks`: a model, alone or as the member `model`, or lists by group as the
/// configuration writes them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Name(String),
    Model { model: String },
    Lists(std::collections::BTreeMap<String, Vec<String>>),
}

/// Reads what the client wants of routing.
pub(crate) fn read(envelope: &Envelope) -> Result<Wish, Refusal> {
    let (document, facts) = (envelope.request.document(), &envelope.facts);
    let (retries, refused) = (document.member(MEMBERS[0]), document.member(MEMBERS[1]));
    let fallbacks = document.member(MEMBERS[2]).filter(|text| *text != "null");
    let retries = member(retries, MEMBERS[0], "a whole number of 0 or more")?;
    let refused: Option<bool> = member(refused, MEMBERS[1], "true or false")?;
    let fallbacks = match (refused, fallbacks) {
        (Some(true), _) => StandIns::Refused,
        (_, Some(text)) => StandIns::Own(own(text, &facts.model)?),
        (_, None) => StandIns::Configured,
    };
    let expected = facts.prompt_bytes / BYTES_PER_TOKEN + facts.output_cap.unwrap_or(0);
    Ok(Wish {
        model: facts.model.clone(),
        retries,
        fallbacks,
        tokens: u32::try_from(expected).unwrap_or(u32::MAX),
        until: None,
    })
}

/// Changes that take the members out of a body.
pub(crate) fn removals(document: &Document) -> impl Iterator<Item = Edit> {
    let present = MEMBERS.iter().filter(|name| document.member(name).is_some());
    present.map(|name| Edit { member: (*name).to_owned(), value: None })
}

/// Whether the caller may use the models that it names itself as stand-ins: the list on its key is
/// read as for the model that it asks for.
pub(crate) fn check(wish: &Wish, models: &[String]) -> Result<(), Refusal> {
    let StandIns::Own(names) = &wish.fallbacks else { return Ok(()) };
    match names.iter().find(|name| !may_call(models, name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!(
                "The requested model '{name}' is not available for this API key, or the model \
                 name is invalid. Check the models available to you and try again."
            );
            Err(Refusal::new(403, "key_model_access_denied", message).about("fallbacks"))
        }
    }
}

/// Whether a key with this list of models may call one of them.
pub(crate) fn may_call(models: &[String], name: &str) -> bool {
    models.is_empty() || models.iter().any(|entry| allows(entry, name))
}

fn allows(entry: &str, model: &str) -> bool {
    match entry {
        "*" | "all-proxy-models" => true,
        "no-default-models" => false,
        _ => match entry.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('/') => model.starts_with(prefix),
            _ => entry == model,
        },
    }
}

fn member<'a, T: Deserialize<'a>>(
    text: Option<&'a str>,
    name: &str,
    expected: &str,
) -> Result<Option<T>, Refusal> {
    let Some(text) = text.filter(|text| *text != "null") else { return Ok(None) };
    let value = serde_json::from_str(text).map(Some);
    value.map_err(|_| Refusal::invalid(name, format!("'{name}' must be {expected}.")))
}

fn own(text: &str, model: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::invalid(MEMBERS[2], "'fallbacks' must be a list of models.");
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut names = Vec::new();
    for entry in entries {
        match entry {
            Entry::Name(name) | Entry::Model { model: name } => names.push(name),
            Entry::Lists(mut lists) => names.extend(lists.remove(model).unwrap_or_default()),
        }
    }
    if names.len() > FALLBACKS_MAX { Err(wrong()) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tollgate_domain::Dialect;

    use super::*;
    use crate::envelope::Called;

    fn wish(members: &str) -> Result<Wish, Refusal> {
        let body = format!(r#"{{"model": "a", "messages": [], "max_tokens": 5{members}}}"#);
        let called = Called { dialect: Dialect::OpenaiChat, model: None, route: "/" };
        read(&Envelope::read(&called, None, Bytes::from(body)).unwrap())
    }

    fn own(members: &str) -> StandIns {
        wish(members).unwrap().fallbacks
    }

    #[test]
    fn fallbacks_are_names_in_any_of_their_forms() {
        let names = |names: &[&str]| StandIns::Own(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(own(""), StandIns::Configured);
        assert_eq!(own(r#", "fallbacks": null"#), StandIns::Configured);
        assert_eq!(own(r#", "fallbacks": ["b", {"model": "c"}]"#), names(&["b", "c"]));
        assert_eq!(own(r#", "fallbacks": [{"a": ["b"], "x": ["y"]}]"#), names(&["b"]));
        assert_eq!(own(r#", "fallbacks": []"#), names(&[]));
        let refused = r#", "fallbacks": ["b"], "disable_fallbacks": true"#;
        assert_eq!(own(refused), StandIns::Refused);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (members, param) in [
            (r#", "fallbacks": "b""#, "fallbacks"),
            (r#", "fallbacks": [1]"#, "fallbacks"),
            (r#", "disable_fallbacks": "yes""#, "disable_fallbacks"),
            (r#", "num_retries": -1"#, "num_retries"),
        ] {
            let refusal = wish(members).unwrap_err();
            assert_eq!((refusal.status, refusal.param.as_deref()), (400, Some(param)));
        }
        let many = format!(r#", "fallbacks": [{}"x"]"#, r#""x","#.repeat(100));
        assert_eq!(wish(&many).unwrap_err().status, 400);
    }

    #[test]
    fn the_members_do_not_go_upstream() {
        let body = r#"{"model": "a", "fallbacks": [], "x": 1, "num_retries": 2}"#;
        let document = Document::parse(Bytes::from(body)).unwrap();
        let removals: Vec<_> = removals(&document).collect();
        let left = document.edited(&removals).unwrap();
        let left: serde_json::Value = serde_json::from_slice(&left).unwrap();
        assert_eq!(left, serde_json::json!({"model": "a", "x": 1}));
    }

    #[test]
    fn a_key_that_may_not_call_a_model_may_not_fall_back_to_it() {
        let wish = wish(r#", "fallbacks": ["b", "openai/x"]"#).unwrap();
        let check = |models: &[&str]| {
            let models: Vec<_> = models.iter().map(|model| (*model).to_owned()).collect();
            check(&wish, &models)
        };
        for models in [&[][..], &["*"], &["b", "openai/*"], &["all-proxy-models"]] {
            assert_eq!(check(models), Ok(()), "{models:?}");
        }
        for models in [&["a"][..], &["b"], &["no-default-models"]] {
            assert_eq!(check(models).unwrap_err().status, 403, "{models:?}");
        }
    }
}
