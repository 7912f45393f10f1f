use async_trait::async_trait;

use super::*;
use crate::google::{FetchedAnswer, SystemClock};

/// Gives a token to whoever asks.
struct Generous;

#[async_trait]
impl TokenEndpoint for Generous {
    async fn post_form(&self, _: &str, _: String) -> Result<FetchedAnswer, String> {
        Ok(FetchedAnswer { status: 200, body: br#"{"access_token":"token"}"#.to_vec() })
    }
}

const SCOPE: AwsScope<'_> = AwsScope { service: "bedrock", region: "us-east-1" };

fn wallet(key: Option<&str>, settings: &[(&str, &str)], environment: &[(&str, &str)]) -> Wallet {
    let lookup = |table: &[(&str, &str)], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let sources = Sources {
        key: key.map(Secret::new),
        settings: &|name| lookup(settings, name),
        environment: &|name| lookup(environment, name),
    };
    Wallet::open(sources, Arc::new(Generous), Arc::new(SystemClock))
}

/// The path and the headers of a request after the credential was put in.
async fn put(
    wallet: &Wallet,
    scheme: Scheme<'_>,
) -> Result<(String, Vec<(String, String)>), String> {
    let mut path = "/x?a=1".to_owned();
    let json = HeaderValue::from_static("application/json");
    let own = (HeaderName::from_static("x-own"), HeaderValue::from_static("1"));
    let mut headers = vec![(header::CONTENT_TYPE, json), own];
    let request = Addressed {
        method: "POST",
        authority: "bedrock-runtime.us-east-1.amazonaws.com",
        base_path: "/base",
        path: &mut path,
        headers: &mut headers,
        body: b"{}",
    };
    wallet.put(scheme, request).await.map_err(|error| error.to_string())?;
    let added = headers.split_off(2);
    let is_open = |name: &HeaderName| name.as_str() == "x-amz-date";
    assert!(added.iter().all(|(name, value)| value.is_sensitive() || is_open(name)));
    let text = |value: HeaderValue| value.to_str().unwrap().to_owned();
    Ok((path, added.into_iter().map(|(name, value)| (name.to_string(), text(value))).collect()))
}

#[tokio::test]
async fn a_key_goes_where_the_scheme_says() {
    let wallet = wallet(Some("a b&c"), &[], &[]);
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (scheme, path, headers) in [
        (Scheme::Bearer, "/x?a=1", header("authorization", "Bearer a b&c")),
        (Scheme::Header("X-Goog-Api-Key"), "/x?a=1", header("x-goog-api-key", "a b&c")),
        (Scheme::Query("key"), "/x?a=1&key=a%20b%26c", Vec::new()),
        // A key of Bedrock's own needs no signature.
        (Scheme::Sigv4(SCOPE), "/x?a=1", header("authorization", "Bearer a b&c")),
    ] {
        assert_eq!(put(&wallet, scheme).await.unwrap(), (path.to_owned(), headers), "{scheme:?}");
    }
    let error = put(&wallet, Scheme::Header("no header")).await.unwrap_err();
    assert_eq!(error, "`no header` is no header");
}

#[test]
fn what_a_server_repeats_of_the_secrets_is_masked() {
    let settings = [
        ("aws_access_key_id", "AKIDEXAMPLE"),
        ("aws_secret_access_key", "hush-hush-hush"),
        ("aws_session_token", "for-a-while"),
    ];
    let text = |key: &str| {
        wallet(Some(key), &settings, &[])
            .masked("gsk_secret of AKIDEXAMPLE, hush-hush-hush for-a-while, gsk_secret".to_owned())
    };
    assert_eq!(text("gsk_secret"), "*** of AKIDEXAMPLE, *** ***, ***");
    assert_eq!(text("of"), "gsk_secret of AKIDEXAMPLE, *** ***, gsk_secret");
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let wallet = wallet(None, &[], &[]);
    for scheme in [Scheme::Bearer, Scheme::Header("x-key"), Scheme::Query("key")] {
        assert_eq!(put(&wallet, scheme).await.unwrap(), ("/x?a=1".to_owned(), Vec::new()));
    }
    let error = put(&wallet, Scheme::Sigv4(SCOPE)).await.unwrap_err();
    assert!(error.starts_with("no AWS keys"), "{error}");
    let error = put(&wallet, Scheme::GoogleToken("scope")).await.unwrap_err();
    assert!(error.starts_with("no Google service account"), "{error}");
}

#[tokio::test]
async fn keys_of_aws_sign_the_whole_request_and_come_before_a_plain_key() {
    let settings = [("aws_access_key_id", "AKID"), ("aws_secret_access_key", "hush")];
    for wallet in [wallet(Some("key"), &settings, &[]), wallet(None, &settings, &[])] {
        let (_, headers) = put(&wallet, Scheme::Sigv4(SCOPE)).await.unwrap();
        let [(date, _), (name, value)] = headers.as_slice() else { panic!("{headers:?}") };
        assert_eq!((date.as_str(), name.as_str()), ("x-amz-date", "authorization"));
        assert!(value.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{value}");
        assert!(value.contains("/us-east-1/bedrock/aws4_request"), "{value}");
        assert!(value.contains("SignedHeaders=content-type;host;x-amz-date,"), "{value}");
    }
    let half = wallet(Some("key"), &[("aws_access_key_id", "AKID")], &[]);
    let error = put(&half, Scheme::Sigv4(SCOPE)).await.unwrap_err();
    assert_eq!(error, "`aws_access_key_id` is set, but `aws_secret_access_key` is not");
    assert_eq!(half.fault(), Some(error));
    assert_eq!(wallet(None, &[], &[]).fault(), None);
}

#[tokio::test]
async fn a_service_account_gets_a_token() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    let json = serde_json::json!({"client_email": "robot", "private_key": key}).to_string();
    assert!(wallet(None, &[("vertex_credentials", "{}")], &[]).fault().is_some());
    let wallet = wallet(None, &[("vertex_credentials", &json)], &[]);
    let (_, headers) = put(&wallet, Scheme::GoogleToken("scope")).await.unwrap();
    assert_eq!(headers, [("authorization".to_owned(), "Bearer token".to_owned())]);
    assert_eq!(wallet.fault(), None);
    let shown = format!("{wallet:?}");
    assert_eq!(shown, "Wallet { .. }");
}
