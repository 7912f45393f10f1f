use tollgate_sdk::types::{KeyLimits, Scopes};

use super::*;

const KEY: &str = "sk-doesnotexist";

fn from(headers: &[(&str, &str)]) -> Result<String, Denial> {
    credential(|name| {
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn key() -> Key {
    Key {
        name: "sk-...xist".into(),
        alias: Some("alias-1".into()),
        user_id: None,
        team_id: Some("team".into()),
        models: vec!["gpt".into()],
        scopes: Scopes::CALL_MODELS,
        limits: KeyLimits { requests_per_minute: Some(2), max_budget: None },
        blocked: false,
        expires: None,
    }
}

fn judged(found: Result<Option<Key>, keys::Error>) -> Result<Principal, Denial> {
    judged_key(KEY, found)
}

fn judged_key(key: &str, found: Result<Option<Key>, keys::Error>) -> Result<Principal, Denial> {
    principal(key, &KeyDigest::of(key), found, || 1_795_373_308_306)
}

#[test]
fn the_key_is_found_in_every_header_in_their_order() {
    let every = [
        ("authorization", "Bearer sk-1"),
        ("x-api-key", "sk-2"),
        ("api-key", "sk-3"),
        ("x-litellm-api-key", " sk-4 "),
    ];
    for (first, expected) in ["sk-1", "sk-2", "sk-3", "sk-4"].iter().enumerate() {
        assert_eq!(from(&every[first..]).unwrap(), *expected);
    }
}

#[test]
fn the_scheme_has_no_case_and_spaces_do_not_matter() {
    for value in ["bearer sk-1", "BEARER   sk-1  ", "  Bearer sk-1"] {
        assert_eq!(from(&[("authorization", value)]).unwrap(), "sk-1");
    }
}

#[test]
fn another_scheme_or_an_empty_value_is_no_key() {
    for value in ["Basic sk-1", "sk-1", "Bearer", "Bearer  ", ""] {
        let denial = from(&[("authorization", value), ("x-api-key", " ")]).unwrap_err();
        assert_eq!(denial.status, 401);
        assert_eq!(denial.message, "Authentication Error, No api key passed in.");
        assert_eq!((denial.kind.as_str(), denial.param.as_deref()), ("auth_error", Some("None")));
        assert_eq!(from(&[("authorization", value), ("x-api-key", "sk-2")]).unwrap(), "sk-2");
    }
}

#[test]
fn an_unknown_text_that_is_no_virtual_key_is_named_by_its_ends_only() {
    let denial = |key| judged_key(key, Ok(None)).unwrap_err();
    let message = |key| denial(key).message;
    assert_eq!(
        message("doesnotexist"),
        "LiteLLM Virtual Key expected. Received=does****xist, expected to start with 'sk-'."
    );
    assert!(message("secret").contains("Received=****,"));
    assert!(message("äöüßäöüßäöüß").contains("Received=äöüß****äöüß,"));
    let denial = denial("SK-doesnotexist");
    assert_eq!((denial.status, denial.kind.as_str()), (401, "auth_error"));
    assert_eq!(denial.param.as_deref(), Some("None"));
}

#[test]
fn a_known_key_of_another_form_is_judged_like_any() {
    const MASTER: &str = "master-of-another-form";
    assert_eq!(from(&[("authorization", &format!("Bearer {MASTER}"))]).unwrap(), MASTER);
    let principal = judged_key(MASTER, Ok(Some(key()))).unwrap();
    assert_eq!(principal.key_id, KeyDigest::of(MASTER).to_hex());
    let blocked = judged_key(MASTER, Ok(Some(Key { blocked: true, ..key() }))).unwrap_err();
    assert!(blocked.message.contains("Key is blocked"));
    let unanswered = judged_key(MASTER, Err(keys::Error::Unavailable)).unwrap_err();
    assert_eq!(unanswered.status, 503);
}

#[test]
fn a_key_over_512_bytes_is_refused_without_being_told() {
    let longest = "x".repeat(512);
    assert!(from(&[("x-api-key", &longest)]).is_ok());
    let denial = from(&[("x-api-key", &format!("{longest}x"))]).unwrap_err();
    assert_eq!((denial.status, denial.message.contains("xxx")), (401, false));
}

#[test]
fn an_unknown_key_is_named_by_its_hash() {
    let denial = judged(Ok(None)).unwrap_err();
    assert_eq!(
        denial.message,
        "Authentication Error, Invalid proxy server token passed. Received API Key = sk-..., \
         Key Hash (Token) =b318b10fd838e7515e683f9ed9c6b047eda27514f5bc645447b7f3ad43420f1d. \
         Unable to find token in cache or `LiteLLM_VerificationTokenTable`"
    );
    assert_eq!((denial.status, denial.kind.as_str()), (401, "token_not_found_in_db"));
    assert_eq!(denial.param.as_deref(), Some("key"));
}

#[test]
fn a_blocked_key_is_refused() {
    let denial = judged(Ok(Some(Key { blocked: true, ..key() }))).unwrap_err();
    assert_eq!(
        denial.message,
        "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin."
    );
    assert_eq!((denial.status, denial.param.as_deref()), (401, Some("None")));
}

#[test]
fn a_key_ends_at_its_expiry() {
    let until = |expires| judged(Ok(Some(Key { expires: Some(expires), ..key() })));
    assert!(until(1_795_373_308_307).is_ok());
    let denial = until(1_795_373_308_306).unwrap_err();
    assert_eq!((denial.status, denial.kind.as_str()), (401, "expired_key"));
    assert_eq!(denial.param.as_deref(), Some("sk-...xist"));
    assert_eq!(
        denial.message,
        "Authentication Error - Expired Key. Key Expiry time 2026-11-22 18:48:28.306000+00:00 \
         and current time 2026-11-22 18:48:28.306000+00:00"
    );
}

#[test]
fn a_store_that_does_not_answer_is_not_the_callers_fault() {
    for error in [keys::Error::Unavailable, keys::Error::MalformedDigest] {
        let denial = judged(Err(error)).unwrap_err();
        assert_eq!((denial.status, denial.kind.as_str()), (503, "service_unavailable"));
    }
}

#[test]
fn a_known_key_becomes_its_principal() {
    let principal = judged(Ok(Some(key()))).unwrap();
    assert_eq!(principal.key_id, KeyDigest::of(KEY).to_hex());
    assert_eq!(principal.key_name, "sk-...xist");
    assert_eq!(principal.team_id.as_deref(), Some("team"));
    assert_eq!(principal.models, ["gpt"]);
    assert!(principal.scopes.contains(Scopes::CALL_MODELS));
    assert_eq!(principal.limits.requests_per_minute, Some(2));
}
