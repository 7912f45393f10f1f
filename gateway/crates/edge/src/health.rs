//! Asks servers of routes whether they are well, so that those that are not are left out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header;
use pingora_core::connectors::ConnectorOptions;
use pingora_core::connectors::http::Connector;
use pingora_core::protocols::ALPN;
use pingora_core::server::ShutdownWatch;
use pingora_core::services::background::BackgroundService;
use pingora_core::{Error, ErrorType, Result};
use pingora_http::RequestHeader;
use tokio::task::JoinSet;
use tollgate_config::HealthCheck;

use crate::serving::Current;
use crate::site::UpstreamRoute;

/// A server that takes longer than this over so small a question is not well.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Watches the servers of all routes that ask for it, also of those that a reload brings.
pub(crate) struct Watch {
    pub(crate) current: Arc<Current>,
    /// Which certificates are trusted, and from where connections are made.
    pub(crate) options: ConnectorOptions,
}

#[async_trait]
impl BackgroundService for Watch {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let connector = Arc::new(Connector::new(Some(self.options.clone())));
        loop {
            let changed = self.current.changed.notified();
            let mut watched = JoinSet::new();
            for (route, check) in self.current.get().sites.watched() {
                for index in 0..route.servers.len() {
                    let (route, check) = (Arc::clone(&route), check.clone());
                    let connector = Arc::clone(&connector);
                    watched.spawn(async move { watch(&connector, &route, &check, index).await });
                }
            }
            tokio::select! {
                () = changed => {}
                _ended = shutdown.changed() => return,
            }
        }
    }
}

async fn watch(connector: &Connector, route: &UpstreamRoute, check: &HealthCheck, index: usize) {
    let mut interval = tokio::time::interval(check.interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let within = check.interval.min(ANSWER_TIMEOUT);
        let answered = tokio::time::timeout(within, ask(connector, route, &check.path, index));
        let why = match answered.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer in time".to_owned()),
        };
        if route.servers.set_well(index, why.is_none()) {
            let (name, path) = (route.servers.name(index), &route.template);
            match why {
                None => log::info!(target: "edge", "{name} behind {path} is well again"),
                Some(why) => log::warn!(target: "edge", "{name} behind {path} is left out: {why}"),
            }
        }
    }
}

/// Asks one server. An answer below 400 is a good one.
async fn ask(connector: &Connector, route: &UpstreamRoute, path: &str, index: usize) -> Result<()> {
    let mut peer = route.servers.peer(index).await?;
    if route.http2 {
        peer.options.alpn = ALPN::H2;
    }
    let (mut session, _) = connector.get_http_session(&peer).await?;
    let mut request = RequestHeader::build("GET", path.as_bytes(), None)?;
    request.insert_header(header::HOST, route.servers.name(index))?;
    request.insert_header(header::USER_AGENT, "tollgate")?;
    if route.http2 {
        request.set_version(http::Version::HTTP_2);
    }
    session.write_request_header(Box::new(request)).await?;
    session.finish_request_body().await?;
    session.read_response_header().await?;
    let status = session.response_header().map_or(0, |head| head.status.as_u16());
    match status {
        100..400 => Ok(()),
        _ => Error::e_explain(ErrorType::HTTPStatus(status), "a bad answer"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tollgate_config::{Route, ServerAddress, Site, Target};

    use super::*;
    use crate::site::Sites;

    fn route(address: String) -> (Arc<UpstreamRoute>, HealthCheck) {
        let check = HealthCheck { path: "/well".to_owned(), interval: Duration::from_millis(1) };
        let route = Route {
            path: "/".to_owned(),
            to: Target::Servers(vec![ServerAddress::Url(format!("http://{address}"))]),
            public: true,
            connect_timeout: None,
            read_timeout: None,
            http2: false,
            body_bytes: None,
            health_check: Some(check),
        };
        let site = Site { hosts: vec!["*".to_owned()], routes: vec![route], ..Site::default() };
        Sites::new(&[site], None).unwrap().watched().remove(0)
    }

    #[tokio::test]
    async fn a_server_is_well_by_its_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (route, check) = route(address.clone());
        let answers =
            [("200 OK", true), ("302 Found", true), ("404 Not Found", false), ("503 X", false)];
        for (status, expected) in answers {
            let connector = Connector::new(None);
            let serve = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut read = vec![0; 1024];
                let length = stream.read(&mut read).await.unwrap();
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                String::from_utf8(read[..length].to_vec()).unwrap().to_ascii_lowercase()
            };
            let (asked, request) = tokio::join!(ask(&connector, &route, &check.path, 0), serve);
            assert_eq!(asked.is_ok(), expected, "{status}");
            assert!(request.starts_with("get /well http/1.1\r\n"), "{request}");
            assert!(request.contains(&format!("host: {address}\r\n")), "{request}");
        }
        drop(listener);
        assert!(ask(&Connector::new(None), &route, "/", 0).await.is_err());
    }
}
