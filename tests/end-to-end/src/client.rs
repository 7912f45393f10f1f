//! A client of the gateway, over plain HTTP or TLS.

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tollgate_test_upstream::Authority;

use crate::answer::{Answer, Chunks};

/// Longer than anything in these tests takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How a client speaks.
pub enum Trust<'a> {
    /// Plain HTTP/1.1.
    Plain,
    /// HTTP/1.1 over TLS, trusting this authority alone.
    Http1(&'a Authority),
    /// HTTP/2 over TLS, trusting this authority alone.
    Http2(&'a Authority),
}

/// A client with one base address.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<str>,
}

impl Client {
    /// A client for an address such as `http://127.0.0.1:4000`.
    pub fn new(base: &str, trust: Trust<'_>) -> Self {
        install_provider();
        let builder = reqwest::Client::builder().timeout(TIMEOUT).no_proxy();
        let builder = match trust {
            Trust::Plain => builder.http1_only().tls_certs_only(Vec::new()),
            Trust::Http1(authority) => builder.http1_only().tls_certs_only([root(authority)]),
            Trust::Http2(authority) => {
                builder.http2_prior_knowledge().tls_certs_only([root(authority)])
            }
        };
        Self { http: builder.build().expect("a client"), base: base.into() }
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.attempt(request).await.unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// The same for answers that may fail to come.
    pub async fn attempt(&self, request: RequestBuilder) -> Result<Answer, String> {
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        Answer::read(response).await
    }

    /// Gets a path, with a key unless it is empty.
    pub async fn get(&self, key: &str, path: &str) -> Answer {
        self.send(with_key(self.request(Method::GET, path), key)).await
    }

    /// Posts JSON to a path, with a key unless it is empty.
    pub async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.send(with_key(self.request(Method::POST, path), key).json(body)).await
    }

    /// Makes a chat call.
    pub async fn chat(&self, key: &str, body: &Value) -> Answer {
        self.post(key, "/v1/chat/completions", body).await
    }

    /// Makes a chat call that may fail to be answered.
    pub async fn try_chat(&self, key: &str, body: &Value) -> Result<Answer, String> {
        let request = self.request(Method::POST, "/v1/chat/completions");
        self.attempt(with_key(request, key).json(body)).await
    }

    /// Makes a chat call with a body as it is.
    pub async fn chat_raw(&self, key: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(Method::POST, "/v1/chat/completions");
        let request = request.header("content-type", "application/json").body(body.into());
        self.send(with_key(request, key)).await
    }

    /// Makes a chat call with headers of the client's own.
    pub async fn chat_with(&self, key: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request(Method::POST, "/v1/chat/completions");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(with_key(request, key).json(body)).await
    }

    /// Begins a streamed chat call. The status must be 200.
    pub async fn stream(&self, key: &str, body: &Value) -> Chunks {
        let request = with_key(self.request(Method::POST, "/v1/chat/completions"), key);
        let response = request.json(body).send().await.expect("an answer's head");
        assert_eq!(response.status(), 200, "{response:?}");
        Chunks::new(response)
    }
}

fn with_key(request: RequestBuilder, key: &str) -> RequestBuilder {
    match key {
        "" => request,
        key => request.bearer_auth(key),
    }
}

fn root(authority: &Authority) -> reqwest::Certificate {
    reqwest::Certificate::from_pem(authority.pem().as_bytes()).expect("an authority's PEM")
}

/// The client library asks for a process-wide provider.
fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another test of the process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
