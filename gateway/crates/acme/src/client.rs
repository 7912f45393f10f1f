//! HTTP to the CA: TLS only, every request with an end, every answer with a size.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use crate::error::{AcmeError, told};
use crate::roots::roots;
use crate::settings::AcmeSettings;

/// For one address of the CA.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// For a whole request: name, connection, TLS, answer.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Chains, the longest answers, have some ten kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A client for one attempt. Clones share what the CA asked for.
#[derive(Clone)]
pub(crate) struct CaClient {
    http: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    retry_after: Arc<Mutex<Option<Duration>>>,
}

impl CaClient {
    /// Reads the roots anew, so that a changed file needs no restart.
    pub(crate) fn new(settings: &AcmeSettings) -> Result<Self, AcmeError> {
        let roots = roots(settings.root_certificate.as_deref())?;
        let provider = CryptoProvider::get_default().cloned();
        let provider =
            provider.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| AcmeError::Crypto(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_MAX));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1();
        let http = Client::builder(TokioExecutor::new()).build(https.wrap_connector(tcp));
        Ok(Self { http, retry_after: Arc::default() })
    }

    /// For how long the CA asked to be left alone, if it did.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        *self.retry_after.lock()
    }

    async fn exchange(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let whole = async {
            let answer = self.http.request(request).await.map_err(|e| Error::Other(e.into()))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(Error::Other)?.to_bytes();
            Ok::<_, Error>(Response::from_parts(parts, body))
        };
        let answer = match tokio::time::timeout(REQUEST_MAX, whole).await {
            Ok(answer) => answer?,
            Err(_) => return Err(other("the CA did not answer in time")),
        };
        if let Some(wait) = wished(&answer) {
            *self.retry_after.lock() = Some(wait);
        }
        understood(&answer)?;
        let (parts, body) = answer.into_parts();
        Ok(Response::from_parts(parts, Full::new(body)).into())
    }
}

impl HttpClient for CaClient {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().exchange(request))
    }
}

/// What a CA that is over its limits asks for. It may also name a date; then our own wait holds.
fn wished(answer: &Response<Bytes>) -> Option<Duration> {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
    let value = answer.headers().get(RETRY_AFTER).filter(|_| busy.contains(&answer.status()))?;
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// An error that is no ACME problem comes from something before the CA, or from its ruins. The
/// library would complain about its JSON.
fn understood(answer: &Response<Bytes>) -> Result<(), Error> {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let problem = kind.is_some_and(|kind| kind.contains("json"));
    if problem || answer.status().is_success() {
        return Ok(());
    }
    let start = answer.body().get(..200).unwrap_or(answer.body());
    let start = told(&String::from_utf8_lossy(start));
    Err(other(&format!("the CA answered {}: {start}", answer.status())))
}

fn other(why: &str) -> Error {
    Error::Other(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: (&str, &str), body: &str) -> Response<Bytes> {
        let answer = Response::builder().status(status).header(header.0, header.1);
        answer.body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn a_wish_is_heard_only_from_a_ca_that_is_over_its_limits() {
        let wish = |status| wished(&answer(status, ("retry-after", "120"), ""));
        assert_eq!(wish(429), Some(Duration::from_secs(120)));
        assert_eq!(wish(503), Some(Duration::from_secs(120)));
        assert_eq!(wish(200), None);
        let date = answer(503, ("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"), "");
        assert_eq!(wished(&date), None);
    }

    #[test]
    fn what_is_no_problem_document_is_told_by_its_status() {
        let ruins = answer(502, ("content-type", "text/html"), "<h1>Bad\r\nGateway</h1>");
        let error = understood(&ruins).unwrap_err().to_string();
        assert_eq!(error, "the CA answered 502 Bad Gateway: <h1>Bad  Gateway</h1>");
        let problem = answer(403, ("content-type", "application/problem+json"), "{}");
        assert!(understood(&problem).is_ok());
    }
}
