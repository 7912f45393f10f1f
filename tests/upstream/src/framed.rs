//! Requests told apart by their framing alone, as cheaply as that can be done.

use std::io::ErrorKind;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Whose form a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    OpenAi,
    Anthropic,
}

/// Reads requests from one connection.
pub(crate) struct Requests {
    received: Vec<u8>,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Self { received: Vec::with_capacity(16 * 1024) }
    }

    /// The form of the next request, once all of it is there; none when the connection ended.
    pub(crate) async fn next(&mut self, stream: &mut TcpStream) -> Option<Form> {
        loop {
            if let Some((form, length)) = request(&self.received)
                && self.received.len() >= length
            {
                self.received.drain(..length);
                return Some(form);
            }
            match stream.read_buf(&mut self.received).await {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }
}

/// The form and the length of the first request in `received`, once its head is there.
fn request(received: &[u8]) -> Option<(Form, usize)> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(received.get(..end)?).ok()?;
    let line = head.lines().next()?;
    let form = if line.contains("/messages") { Form::Anthropic } else { Form::OpenAi };
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
    Some((form, end + length))
}

#[cfg(test)]
mod tests {
    use super::{Form, request};

    #[test]
    fn a_request_is_its_head_and_as_many_bytes_as_it_says() {
        let head = "POST /v1/messages HTTP/1.1\r\nContent-Length: 4\r\n\r\n";
        assert_eq!(request(head.as_bytes()), Some((Form::Anthropic, head.len() + 4)));
        assert_eq!(request(b"GET /v1/chat/completions HTTP/1.1\r\n\r\n"), Some((Form::OpenAi, 37)));
        assert_eq!(request(b"GET / HTTP/1.1\r\n"), None);
    }
}
