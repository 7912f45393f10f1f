//! Requests for access tokens, over the connections that calls go out on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use tollgate_upstream::{Answering, Endpoint, Outgoing, Upstreams};

use crate::google::{FetchedAnswer, TokenEndpoint};

/// A token endpoint answers within this time, or not at all. Calls wait for it.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes of an answer that are read. A token has some hundreds.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

/// Asks token endpoints.
pub struct TokenFetch(Arc<Upstreams>);

// === impl TokenFetch ===

impl TokenFetch {
    /// Asks over these connections.
    pub fn new(upstreams: Arc<Upstreams>) -> Self {
        Self(upstreams)
    }

    async fn fetch(&self, url: &str, form: String) -> Result<FetchedAnswer, String> {
        let endpoint = Endpoint::parse(url).map_err(|error| error.to_string())?;
        let path = if endpoint.base_path().is_empty() { "/" } else { "" };
        let outgoing = Outgoing {
            method: Method::POST,
            path: path.to_owned(),
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(FORM))],
            body: Bytes::from(form),
            read_timeout: TIMEOUT,
        };
        let sent = self.0.send(&endpoint, &outgoing).await;
        let mut answering = sent.map_err(|error| error.to_string())?;
        let status = answering.status();
        match body(&mut answering).await {
            Ok(body) => {
                answering.finish().await;
                Ok(FetchedAnswer { status, body })
            }
            Err(why) => {
                answering.cancel().await;
                Err(why)
            }
        }
    }
}

#[async_trait]
impl TokenEndpoint for TokenFetch {
    async fn post_form(&self, url: &str, form: String) -> Result<FetchedAnswer, String> {
        match tokio::time::timeout(TIMEOUT, self.fetch(url, form)).await {
            Ok(fetched) => fetched,
            Err(_elapsed) => Err("it did not answer in time".to_owned()),
        }
    }
}

async fn body(answering: &mut Answering) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(bytes) = answering.next().await.map_err(|error| error.to_string())? {
        if body.len() + bytes.len() > ANSWER_BYTES_MAX {
            return Err(format!("its answer is larger than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
