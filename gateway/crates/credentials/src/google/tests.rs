use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use rustls::SignatureScheme;
use tokio::sync::Notify;

use super::*;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A made-up account, and its public key.
fn account_file() -> (String, Vec<u8>) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let json = serde_json::json!({
        "type": "service_account",
        "project_id": "a-project",
        "private_key_id": "kid-1",
        "private_key": key.serialize_pem(),
        "client_email": "robot@a-project.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.example.com/token",
        "universe_domain": "googleapis.com",
    });
    (json.to_string(), rcgen::PublicKeyData::der_bytes(&key).to_vec())
}

#[derive(Default)]
struct Hands {
    seconds: AtomicU64,
}

impl Clock for Hands {
    fn unix_seconds(&self) -> u64 {
        1_700_000_000 + self.seconds.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.seconds.load(Ordering::Relaxed))
    }
}

impl Hands {
    fn forward(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// Gives the answers it is told, one after the other, and keeps what it was sent. Each answer waits
/// until the gate is opened, if it is shut.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Result<(u16, String), String>>>,
    asked: Mutex<Vec<(String, String)>>,
    gate: Option<Notify>,
}

#[async_trait]
impl TokenEndpoint for Scripted {
    async fn post_form(&self, url: &str, form: String) -> Result<FetchedAnswer, String> {
        self.asked.lock().push((url.to_owned(), form));
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let answer = self.answers.lock().pop_front().expect("an answer is left");
        answer.map(|(status, body)| FetchedAnswer { status, body: body.into_bytes() })
    }
}

struct World {
    tokens: Arc<GoogleTokens>,
    endpoint: Arc<Scripted>,
    clock: Arc<Hands>,
    public_key: Vec<u8>,
}

fn world(gated: bool, answers: &[Result<(u16, &str), &str>]) -> World {
    let (json, public_key) = account_file();
    let owned = answers.iter().map(|answer| match answer {
        Ok((status, body)) => Ok((*status, (*body).to_owned())),
        Err(why) => Err((*why).to_owned()),
    });
    let endpoint = Arc::new(Scripted {
        answers: Mutex::new(owned.collect()),
        gate: gated.then(Notify::new),
        ..Scripted::default()
    });
    let clock = Arc::new(Hands::default());
    let account = ServiceAccount::parse(&json).unwrap();
    let tokens = GoogleTokens::new(
        account,
        Arc::clone(&endpoint) as Arc<dyn TokenEndpoint>,
        Arc::clone(&clock) as Arc<dyn Clock>,
    );
    World { tokens: Arc::new(tokens), endpoint, clock, public_key }
}

impl World {
    async fn bearer(&self) -> Result<String, TokenError> {
        let value = self.tokens.authorization(SCOPE).await?;
        assert!(value.is_sensitive());
        Ok(value.to_str().unwrap().to_owned())
    }

    fn asked(&self) -> usize {
        self.endpoint.asked.lock().len()
    }
}

const FIRST: Result<(u16, &str), &str> =
    Ok((200, r#"{"access_token":"first..","expires_in":3600,"token_type":"Bearer"}"#));
const SECOND: Result<(u16, &str), &str> =
    Ok((200, r#"{"access_token":"second","expires_in":3600}"#));

#[tokio::test]
async fn the_assertion_is_signed_by_the_account_for_its_token_endpoint() {
    let world = world(false, &[FIRST]);
    assert_eq!(world.bearer().await.unwrap(), "Bearer first..");
    let (url, form) = world.endpoint.asked.lock()[0].clone();
    assert_eq!(url, "https://oauth2.example.com/token");
    let token = form
        .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
        .unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let json = |part: &str| -> serde_json::Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(json(head), serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": "kid-1"}));
    let expected = serde_json::json!({
        "iss": "robot@a-project.iam.gserviceaccount.com",
        "scope": SCOPE,
        "aud": "https://oauth2.example.com/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    });
    assert_eq!(json(claims), expected);
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let algorithms = rustls::crypto::aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256)
        .unwrap()
        .1;
    let verified = |message: &str| {
        let of = |algorithm: &&dyn rustls::pki_types::SignatureVerificationAlgorithm| {
            algorithm.verify_signature(&world.public_key, message.as_bytes(), &signature).is_ok()
        };
        algorithms.iter().any(of)
    };
    assert!(verified(signed));
    assert!(!verified(&format!("{signed}x")));
}

#[tokio::test]
async fn a_token_serves_until_shortly_before_it_expires() {
    let world = world(false, &[FIRST, SECOND]);
    world.bearer().await.unwrap();
    world.clock.forward(3299);
    assert_eq!(world.bearer().await.unwrap(), "Bearer first..");
    assert_eq!(world.asked(), 1);
    world.clock.forward(1);
    assert_eq!(world.bearer().await.unwrap(), "Bearer second");
    world.clock.forward(3299);
    assert_eq!(world.bearer().await.unwrap(), "Bearer second");
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn scopes_have_tokens_of_their_own_and_are_not_without_number() {
    let world = world(false, &[FIRST, SECOND]);
    world.bearer().await.unwrap();
    let other = world.tokens.authorization("other").await.unwrap();
    assert_eq!(other.to_str().unwrap(), "Bearer second");
    *world.endpoint.answers.lock() = (0..14).map(|_| Err("down".to_owned())).collect();
    for number in 0..14 {
        world.tokens.authorization(&number.to_string()).await.unwrap_err();
    }
    let refused = world.tokens.authorization("one more").await;
    assert_eq!(refused.unwrap_err(), TokenError::TooManyScopes);
}

#[tokio::test]
async fn many_who_need_a_token_at_once_cause_one_request() {
    let world = Arc::new(world(true, &[FIRST]));
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.bearer().await })
        })
        .collect();
    while world.asked() == 0 {
        tokio::task::yield_now().await;
    }
    world.endpoint.gate.as_ref().unwrap().notify_one();
    for task in waiting {
        assert_eq!(task.await.unwrap().unwrap(), "Bearer first..");
    }
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn those_who_waited_share_a_failure_and_who_comes_later_asks_again() {
    let world = Arc::new(world(true, &[Err("connection refused"), FIRST]));
    let first = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.bearer().await }
    });
    while world.asked() == 0 {
        tokio::task::yield_now().await;
    }
    // Polled once, so that they are known to wait.
    let mut waiting: Vec<_> = (0..20).map(|_| Box::pin(world.bearer())).collect();
    for waiter in &mut waiting {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waiter.as_mut().poll(&mut context).is_pending());
    }
    world.endpoint.gate.as_ref().unwrap().notify_one();
    let expected = "no Google token: https://oauth2.example.com/token cannot be asked: \
                    connection refused";
    assert_eq!(first.await.unwrap().unwrap_err().to_string(), expected);
    for waiter in waiting {
        assert_eq!(waiter.await.unwrap_err().to_string(), expected);
    }
    assert_eq!(world.asked(), 1);
    world.endpoint.gate.as_ref().unwrap().notify_one();
    assert_eq!(world.bearer().await.unwrap(), "Bearer first..");
}

#[tokio::test]
async fn who_goes_away_in_the_middle_leaves_the_turn_to_the_next() {
    let world = world(true, &[FIRST]);
    {
        let mut gone = Box::pin(world.bearer());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(gone.as_mut().poll(&mut context).is_pending());
    }
    world.endpoint.gate.as_ref().unwrap().notify_one();
    assert_eq!(world.bearer().await.unwrap(), "Bearer first..");
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn an_old_token_serves_while_it_cannot_be_renewed() {
    let answers = [FIRST, Err("down"), Err("down"), SECOND];
    let world = world(false, &answers);
    world.bearer().await.unwrap();
    world.clock.forward(3300);
    for (forward, bearer, asked) in [
        (0, "Bearer first..", 2),
        (29, "Bearer first..", 2),
        (1, "Bearer first..", 3),
        (30, "Bearer second", 4),
    ] {
        world.clock.forward(forward);
        assert_eq!(world.bearer().await.unwrap(), bearer);
        assert_eq!(world.asked(), asked);
    }
}

#[tokio::test]
async fn an_expired_token_is_never_sent() {
    let world = world(false, &[FIRST, Err("down")]);
    world.bearer().await.unwrap();
    world.clock.forward(3590);
    assert!(matches!(world.bearer().await, Err(TokenError::Unreachable { .. })));
}

#[tokio::test]
async fn what_the_endpoint_says_is_told_in_bounds_and_nothing_else_of_it() {
    let long = format!(r#"{{"error":"x","error_description":"{}"}}"#, "y".repeat(5000));
    let url = "https://oauth2.example.com/token";
    for (status, body, expected) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Invalid JWT\nSignature."}"#,
            format!("no Google token: {url} answered 400: invalid_grant: Invalid JWTSignature."),
        ),
        (401, "<html>secret</html>", format!("no Google token: {url} answered 401")),
        (
            400,
            long.as_str(),
            format!("no Google token: {url} answered 400: x: {}", "y".repeat(297)),
        ),
        (
            200,
            r#"{"access_token":"se cret"}"#,
            format!("no Google token: the answer of {url} cannot be understood"),
        ),
        (
            200,
            r#"{"access_token":7}"#,
            format!("no Google token: the answer of {url} cannot be understood"),
        ),
    ] {
        let world = world(false, &[Ok((status, body))]);
        assert_eq!(world.bearer().await.unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_account_is_found_as_text_as_a_file_and_in_the_environment() {
    let (json, _) = account_file();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("account.json");
    std::fs::write(&path, &json).unwrap();
    let path = path.display().to_string();
    let variable = |name: &str| (name == "GOOGLE_APPLICATION_CREDENTIALS").then(|| path.clone());
    for (configured, environment) in [
        (Some(json.as_str()), &(|_: &str| None) as &dyn Fn(&str) -> Option<String>),
        (Some(path.as_str()), &|_| None),
        (None, &variable),
        (Some(" "), &variable),
    ] {
        let account = ServiceAccount::find(configured, environment).unwrap();
        assert_eq!(account.email(), "robot@a-project.iam.gserviceaccount.com");
        assert_eq!(account.project(), Some("a-project"));
        let shown = format!("{account:?}");
        assert!(!shown.contains("PRIVATE") && !shown.contains("kid-1"), "{shown}");
    }
    let error = ServiceAccount::find(None, &|_| None).unwrap_err();
    assert!(matches!(error, AccountError::Absent));
    let error = ServiceAccount::find(Some("/nowhere/a.json"), &|_| None).unwrap_err();
    assert!(error.to_string().starts_with("the service account file /nowhere/a.json cannot"));
    let large = folder.path().join("large");
    std::fs::write(&large, vec![b' '; 70_000]).unwrap();
    assert!(matches!(ServiceAccount::load(&large), Err(AccountError::TooLarge { .. })));
}

#[test]
fn what_is_no_account_is_refused_without_repeating_it() {
    let (json, _) = account_file();
    let changed = |member: &str, value: serde_json::Value| {
        let mut account: serde_json::Value = serde_json::from_str(&json).unwrap();
        account[member] = value;
        account.to_string()
    };
    let ecdsa = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for (text, said) in [
        ("{\"private_key\": hush}".to_owned(), "bad syntax at line 1"),
        (changed("private_key", 5.into()), "a member is missing or of another type"),
        (changed("client_email", serde_json::json!({"hush": "hush"})), "of another type"),
        (changed("type", "authorized_user".into()), "of another type"),
        (changed("private_key", "hush".into()), "no RSA key"),
        (changed("private_key", ecdsa.into()), "no RSA key"),
        (changed("token_uri", "http://oauth2.example.com/hush".into()), "not an https URL"),
        (changed("token_uri", "hush".into()), "not an https URL"),
    ] {
        let error = ServiceAccount::parse(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("hush") && !error.contains("PRIVATE"), "{error}");
    }
    ServiceAccount::parse(&changed("token_uri", "http://127.0.0.1:81/t".into())).unwrap();
}
