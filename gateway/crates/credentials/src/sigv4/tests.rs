use std::time::Duration;

use serde::Deserialize;

use super::*;

/// AWS's published examples of requests and their signatures.
const VECTORS: &str = include_str!("../../tests/sigv4/vectors.json");

#[derive(Deserialize)]
struct Vector {
    name: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: String,
    service: String,
    timestamp: String,
    method: String,
    target: String,
    host: String,
    headers: Vec<(String, String)>,
    body: String,
    authorization: String,
}

fn keys(id: &str, secret: &str, token: Option<&str>) -> AwsKeys {
    let setting = |name: &str| match name {
        "aws_access_key_id" => Some(id.to_owned()),
        "aws_secret_access_key" => Some(secret.to_owned()),
        _ => token.map(str::to_owned),
    };
    AwsKeys::find(&setting, &|_| None).unwrap()
}

fn signed(vector: &Vector) -> Vec<(HeaderName, HeaderValue)> {
    let keys =
        keys(&vector.access_key_id, &vector.secret_access_key, vector.session_token.as_deref());
    let headers: Vec<_> = vector
        .headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let request = Signable {
        method: &vector.method,
        authority: &vector.host,
        target: &vector.target,
        headers: &headers,
        body: vector.body.as_bytes(),
    };
    let scope = AwsScope { service: &vector.service, region: &vector.region };
    let at: Timestamp = vector.timestamp.parse().unwrap();
    keys.sign(scope, &request, at.into()).unwrap()
}

#[test]
fn every_published_example_is_signed_as_published() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() > 25, "{}", vectors.len());
    for vector in &vectors {
        let added = signed(vector);
        let (name, authorization) = added.last().unwrap();
        assert_eq!(name, header::AUTHORIZATION);
        assert_eq!(authorization.to_str().unwrap(), vector.authorization, "{}", vector.name);
        let token = added.iter().find(|(name, _)| *name == SECURITY_TOKEN);
        let token = token.map(|(_, value)| value.to_str().unwrap().to_owned());
        assert_eq!(token, vector.session_token, "{}", vector.name);
    }
}

#[test]
fn what_is_secret_is_marked_and_any_change_of_the_request_changes_the_signature() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let mut vector = vectors.into_iter().find(|vector| vector.session_token.is_some()).unwrap();
    let added = signed(&vector);
    let open: Vec<_> = added.iter().filter(|(_, value)| !value.is_sensitive()).collect();
    assert!(matches!(open.as_slice(), [(name, _)] if *name == DATE), "{open:?}");
    let before = added.last().unwrap().clone();
    vector.body.push(' ');
    assert_ne!(signed(&vector).last().unwrap(), &before);
}

#[test]
fn what_cannot_be_signed_is_said_without_saying_a_secret() {
    let request = Signable {
        method: "GET",
        authority: "example.amazonaws.com",
        target: "/",
        headers: &[],
        body: b"",
    };
    let scope = AwsScope { service: "bedrock", region: "us-east-1" };
    let epoch = SystemTime::UNIX_EPOCH;
    let error = keys("id", "secret", Some("to\nken")).sign(scope, &request, epoch).unwrap_err();
    assert_eq!(error, SignatureError::Unprintable);
    assert!(!error.to_string().contains("ken"));
    let opaque = [(HeaderName::from_static("x-a"), HeaderValue::from_bytes(b"\xff").unwrap())];
    let request = Signable { headers: &opaque, ..request };
    let error = keys("id", "secret", None).sign(scope, &request, epoch).unwrap_err();
    assert_eq!(error, SignatureError::Header(HeaderName::from_static("x-a")));
    let late = epoch + Duration::from_secs(400_000_000_000);
    assert_eq!(stamp(late), Err(SignatureError::Clock));
}
