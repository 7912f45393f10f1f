//! A plain server behind a route: it answers as it is told and keeps what it is sent.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

/// A server and the heads of the requests that it got.
pub struct Behind {
    /// Where it listens, as a route names it.
    pub address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Behind {
    /// Answers every request on a port of loopback with these bytes, then closes.
    pub async fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (heads, answer) = (Arc::default(), Arc::<str>::from(answer));
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self { address, heads }
    }

    /// The same on a socket in the file system.
    pub async fn start_at(path: &Path, answer: &str) -> Self {
        let listener = UnixListener::bind(path).expect("a socket");
        let (heads, answer) = (Arc::default(), Arc::<str>::from(answer));
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self { address: format!("unix:{}", path.display()), heads }
    }

    /// How many requests it got.
    pub fn count(&self) -> usize {
        self.heads.lock().expect("nobody panics here").len()
    }

    /// The last request's values of a header, in any spelling of the name.
    pub fn values(&self, name: &str) -> Vec<String> {
        let heads = self.heads.lock().expect("nobody panics here");
        let head = heads.last().expect("a request");
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.to_owned()).collect()
    }
}

async fn serve<S>(mut stream: S, heads: Arc<Mutex<Vec<String>>>, answer: Arc<str>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut received = Vec::new();
    while !received.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read_buf(&mut received).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&received).into_owned();
    heads.lock().expect("nobody panics here").push(head);
    let written = stream.write_all(answer.as_bytes()).await;
    // A connection that was upgraded says everything back.
    if written.is_ok() && answer.starts_with("HTTP/1.1 101") {
        let mut bytes = [0; 1024];
        while let Ok(count) = stream.read(&mut bytes).await {
            if count == 0 || stream.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }
}
