//! How Google's token endpoint is asked: over the connections that providers are asked over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use tollgate_credentials::{FetchedAnswer, TokenEndpoint};
use tollgate_upstream::{Endpoint, Outgoing, Upstreams};

/// Tokens come within a second, or something is wrong.
const WAIT: Duration = Duration::from_secs(15);
/// A token is a few kilobytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Asks through the pools.
pub(crate) struct PooledTokenEndpoint(pub(crate) Arc<Upstreams>);

#[async_trait]
impl TokenEndpoint for PooledTokenEndpoint {
    async fn post_form(&self, url: &str, form: String) -> Result<FetchedAnswer, String> {
        let asked = tokio::time::timeout(WAIT, self.ask(url, form));
        asked.await.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned()))
    }
}

impl PooledTokenEndpoint {
    async fn ask(&self, url: &str, form: String) -> Result<FetchedAnswer, String> {
        let endpoint = Endpoint::parse(url).map_err(|error| error.to_string())?;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let outgoing = Outgoing {
            method: Method::POST,
            path: String::new(),
            headers: vec![(header::CONTENT_TYPE, kind)],
            body: Bytes::from(form),
            read_timeout: WAIT,
        };
        let sent = self.0.send(&endpoint, &outgoing).await;
        let mut answering = sent.map_err(|error| error.to_string())?;
        let mut body = Vec::new();
        while let Some(bytes) = answering.next().await.map_err(|error| error.to_string())? {
            body.extend_from_slice(&bytes);
            if body.len() > ANSWER_BYTES_MAX {
                return Err("the answer is too large".to_owned());
            }
        }
        let status = answering.status();
        answering.finish().await;
        Ok(FetchedAnswer { status, body })
    }
}
