//! Reading of one HTTP/1.1 request.

use std::io;

use crate::wire::Wire;

/// A request as it was on the wire.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Reads the next request; none if the peer closed the connection between requests.
    pub(crate) async fn read(wire: &mut Wire) -> io::Result<Option<Self>> {
        let Some(head) = read_through(wire, b"\r\n\r\n").await? else { return Ok(None) };
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.trim_end().split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let method = first.next().unwrap_or_default().to_owned();
        let target = first.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect();
        let mut request = Self { method, target, headers, head, body: Vec::new() };
        if request.header("expect").is_some() {
            wire.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        request.body = match request.header("content-length").and_then(|n| n.parse().ok()) {
            Some(length) => read_exactly(wire, length).await?,
            None if request.header("transfer-encoding").is_some() => read_chunks(wire).await?,
            None => Vec::new(),
        };
        Ok(Some(request))
    }
}

async fn read_exactly(wire: &mut Wire, length: usize) -> io::Result<Vec<u8>> {
    while wire.received.len() < length {
        more(wire).await?;
    }
    Ok(wire.received.drain(..length).collect())
}

/// Reads up to and with `end`. None if the connection ends before the first byte.
async fn read_through(wire: &mut Wire, end: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut searched = 0;
    loop {
        let from = searched_from(searched, end.len());
        let rest = wire.received.get(from..).unwrap_or_default();
        if let Some(at) = rest.windows(end.len()).position(|window| window == end) {
            return Ok(Some(wire.received.drain(..from + at + end.len()).collect()));
        }
        searched = wire.received.len();
        if wire.received.is_empty() {
            if !wire.read().await? {
                return Ok(None);
            }
        } else {
            more(wire).await?;
        }
    }
}

fn searched_from(searched: usize, end: usize) -> usize {
    searched.saturating_sub(end)
}

async fn read_chunks(wire: &mut Wire) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_through(wire, b"\r\n").await?.unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let size = usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16);
        let size = size.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let chunk = read_exactly(wire, size + 2).await?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

async fn more(wire: &mut Wire) -> io::Result<()> {
    if wire.read().await? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
