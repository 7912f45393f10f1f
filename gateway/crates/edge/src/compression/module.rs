//! Pingora's compression of answers, made only for requests whose answer may be compressed: its own
//! module reads every request's and every answer's headers.

use std::any::Any;

use async_trait::async_trait;
use bytes::Bytes;
use pingora_core::Result;
use pingora_core::modules::http::{HttpModule, HttpModuleBuilder, Module};
use pingora_core::protocols::http::compression::ResponseCompressionCtx;
use pingora_http::{RequestHeader, ResponseHeader};

use super::LEVEL;

/// Compresses a request's answer, if it is switched on before the request's headers are read.
#[derive(Default)]
pub(crate) struct Compression(Option<Box<ResponseCompressionCtx>>);

/// Makes one for each request.
pub(crate) struct Builder;

// === impl Compression ===

impl Compression {
    /// What makes the module.
    pub(crate) fn builder() -> Box<dyn HttpModuleBuilder + Send + Sync> {
        Box::new(Builder)
    }

    /// The answer may be compressed.
    pub(crate) fn switch_on(&mut self) {
        self.0 = Some(Box::new(ResponseCompressionCtx::new(LEVEL, false, false)));
    }

    /// The answer is not to be compressed, and none of it has passed.
    pub(crate) fn switch_off(&mut self) {
        self.0 = None;
    }
}

#[async_trait]
impl HttpModule for Compression {
    async fn request_header_filter(&mut self, request: &mut RequestHeader) -> Result<()> {
        if let Some(compression) = &mut self.0 {
            compression.request_filter(request);
        }
        Ok(())
    }

    async fn response_header_filter(&mut self, head: &mut ResponseHeader, end: bool) -> Result<()> {
        if let Some(compression) = &mut self.0 {
            compression.response_header_filter(head, end);
        }
        Ok(())
    }

    fn response_body_filter(&mut self, body: &mut Option<Bytes>, end: bool) -> Result<()> {
        if let Some(compression) = self.0.as_mut().filter(|one| one.is_enabled()) {
            let compressed = compression.response_body_filter(body.as_ref(), end);
            if compressed.is_some() {
                *body = compressed;
            }
        }
        Ok(())
    }

    fn response_done_filter(&mut self) -> Result<Option<Bytes>> {
        let compression = self.0.as_mut().filter(|one| one.is_enabled());
        Ok(compression.and_then(|one| one.response_body_filter(None, true)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl HttpModuleBuilder for Builder {
    fn init(&self) -> Module {
        Box::new(Compression::default())
    }
}
