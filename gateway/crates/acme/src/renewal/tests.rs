use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use instant_acme::{AccountCredentials, BodyWrapper, BytesResponse, HttpClient};

use super::*;
use crate::certificate::tests::issued;

/// A CA that answers a directory, and to everything else one text.
struct Scripted {
    directory: &'static str,
    told: &'static str,
    retry_after: &'static str,
}

impl HttpClient for Scripted {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let dir = request.uri().path() == "/dir";
        let body = if dir { self.directory } else { self.told };
        let answer = Response::builder().header("retry-after", self.retry_after);
        let answer = answer.body(Full::new(Bytes::from(body))).unwrap();
        Box::pin(async move { Ok(BytesResponse::from(answer)) })
    }
}

const WITHOUT: &str = r#"{"newNonce":"https://ca.example/n","newAccount":"https://ca.example/a",
    "newOrder":"https://ca.example/o"}"#;
const WITH: &str = r#"{"newNonce":"https://ca.example/n","newAccount":"https://ca.example/a",
    "newOrder":"https://ca.example/o","renewalInfo":"https://ca.example/ari"}"#;

async fn asked(ca: Scripted) -> Result<Suggestion, AcmeError> {
    let key = rcgen::KeyPair::generate().unwrap();
    let base64 = pem::encode(&pem::Pem::new("K", key.serialize_der())).replace("\r\n", "");
    let base64 = base64.replace("-----BEGIN K-----", "").replace("-----END K-----", "");
    let base64 = base64.replace('+', "-").replace('/', "_").replace('=', "");
    let stored = format!(
        r#"{{"id":"https://ca.example/1","key_pkcs8":"{base64}","directory":"https://ca.example/dir"}}"#
    );
    let credentials: AccountCredentials = serde_json::from_str(&stored).unwrap();
    let builder = Account::builder_with_http(Box::new(ca));
    let account = builder.from_credentials(credentials).await.unwrap();
    suggestion(&account, &issued()).await
}

#[tokio::test]
async fn a_window_is_taken_over_and_asked_for_again_within_bounds() {
    let told =
        r#"{"suggestedWindow":{"start":"1970-01-02T00:00:00Z","end":"1970-01-03T00:00:00Z"}}"#;
    let day = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400);
    for (retry_after, expected) in [("7200", 7200), ("1", 3600), ("99999999", 86_400)] {
        let ca = Scripted { directory: WITH, told, retry_after };
        let suggestion = asked(ca).await.unwrap();
        assert_eq!(suggestion.window, Some(Window { start: day(1), end: day(2) }));
        let near = suggestion.ask_again.as_secs().abs_diff(expected);
        assert!(near <= 5, "{retry_after}: {:?}", suggestion.ask_again);
    }
}

#[tokio::test]
async fn a_window_that_ends_before_it_starts_is_no_suggestion() {
    let told =
        r#"{"suggestedWindow":{"start":"2000-01-02T00:00:00Z","end":"2000-01-01T00:00:00Z"}}"#;
    let ca = Scripted { directory: WITH, told, retry_after: "7200" };
    assert_eq!(asked(ca).await.unwrap().window, None);
}

#[tokio::test]
async fn a_ca_without_suggestions_is_no_error_and_nonsense_is_one() {
    let ca = Scripted { directory: WITHOUT, told: "", retry_after: "7200" };
    assert_eq!(asked(ca).await.unwrap().window, None);
    let ca = Scripted { directory: WITH, told: "soon", retry_after: "7200" };
    let error = asked(ca).await.unwrap_err().to_string();
    assert!(error.starts_with("when to renew: "), "{error}");
}
