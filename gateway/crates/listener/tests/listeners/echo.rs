//! An application that answers with what it knows of the request.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use pingora_core::apps::{HttpPersistentSettings, HttpServerApp, ReusedHttpStream};
use pingora_core::protocols::http::ServerSession;
use pingora_core::server::ShutdownWatch;
use pingora_http::ResponseHeader;
use tokio::sync::{Notify, Semaphore};
use tollgate_listener::{Connection, Fault};

/// A listener's data: its name.
pub(crate) struct Name(pub(crate) &'static str);

/// Requests to `/hold` are answered when `release` gets a permit.
pub(crate) struct Echo {
    pub(crate) held: Notify,
    pub(crate) release: Semaphore,
}

impl Default for Echo {
    fn default() -> Self {
        Self { held: Notify::new(), release: Semaphore::new(0) }
    }
}

/// To share one with a test.
pub(crate) struct Shared(pub(crate) Arc<Echo>);

#[async_trait]
impl HttpServerApp for Shared {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if !session.read_request().await.ok()? {
            return None;
        }
        let (status, text) = self.answer(&mut session).await;
        if status != 200 || *shutdown.borrow() {
            session.set_keepalive(None);
        }
        let mut head = ResponseHeader::build(status, None).unwrap();
        head.insert_header("Content-Length", text.len()).unwrap();
        session.write_response_header(Box::new(head)).await.ok()?;
        session.write_response_body(Bytes::from(text), true).await.ok()?;
        let kept = HttpPersistentSettings::for_session(&session);
        let reusable = session.finish().await.ok()??;
        Some(ReusedHttpStream::from_reusable_stream(reusable, kept))
    }
}

impl Shared {
    async fn answer(&self, session: &mut ServerSession) -> (u16, String) {
        let head = session.req_header();
        let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
        if let Some(fault) = Fault::of(&method, &path) {
            return (fault.status(), fault.word().to_owned());
        }
        let mut bytes = 0;
        loop {
            match session.read_request_body().await {
                Ok(Some(part)) => bytes += part.len(),
                Ok(None) => break,
                Err(error) => {
                    let fault = Fault::behind(error.root_cause());
                    return fault.map_or((408, "late".to_owned()), |fault| {
                        (fault.status(), fault.word().to_owned())
                    });
                }
            }
        }
        if path == "/hold" {
            self.0.held.notify_one();
            // Whatever follows the request must not be taken meanwhile.
            tokio::select! {
                read = session.read_body_or_idle(true) => panic!("{read:?}"),
                permit = self.0.release.acquire() => permit.unwrap().forget(),
            }
        }
        let connection = Connection::of(session.digest().unwrap()).unwrap();
        let text = format!(
            "{method} {path} body={bytes} client={} peer={} secure={} name={} certificate={} at={}",
            session.client_addr().unwrap().as_inet().unwrap().ip(),
            connection.peer().ip(),
            connection.is_secure(),
            connection.server_name().unwrap_or("-"),
            connection.client_certificate().map_or(0, <[u8]>::len),
            connection.listener::<Name>().unwrap().0,
        );
        (200, text)
    }
}
