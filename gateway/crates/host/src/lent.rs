//! What is lent to components for a call: the head of a request, an answer.

use std::sync::Arc;

use bytes::Bytes;
use tollgate_domain::Document;

/// The head of a client's request, packed into one buffer: it is made for every request, and
/// components read a header or two of it.
#[derive(Debug)]
pub struct Head {
    method: String,
    path: String,
    client: String,
    text: Vec<u8>,
    /// Ends of each header's name and value within `text`; each begins where the last one ended.
    ends: Vec<(u32, u32)>,
}

/// Makes a [`Head`].
#[derive(Debug)]
pub struct HeadBuilder(Head);

/// An upstream's answer: a whole one, or one event of a stream.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers, names in lowercase.
    pub headers: Arc<Vec<(String, String)>>,
    /// The bytes.
    pub bytes: Bytes,
    /// The bytes as a JSON object, if they are one.
    pub document: Option<Arc<Document>>,
}

// === impl HeadBuilder ===

impl HeadBuilder {
    /// Begins a head; `client` is the peer's address without the port.
    pub fn new(method: &str, path: &str, client: String) -> Self {
        Self(Head {
            method: method.to_owned(),
            path: path.to_owned(),
            client,
            text: Vec::with_capacity(512),
            ends: Vec::with_capacity(16),
        })
    }

    /// Adds a header. One that would make the head larger than 4 GiB is left out.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        let name_end = self.0.text.len() + name.len();
        let (Ok(name_end), Ok(value_end)) =
            (u32::try_from(name_end), u32::try_from(name_end + value.len()))
        else {
            return;
        };
        self.0.text.extend_from_slice(name.as_bytes());
        self.0.text.extend_from_slice(value);
        self.0.ends.push((name_end, value_end));
    }

    /// The head.
    pub fn build(self) -> Arc<Head> {
        Arc::new(self.0)
    }
}

// === impl Head ===

impl Head {
    /// The method in capitals.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The peer's address without the port.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut start = 0;
        for &(name_end, value_end) in &self.ends {
            let (name_end, value_end) = (name_end as usize, value_end as usize);
            if self.text.get(start..name_end)?.eq_ignore_ascii_case(name.as_bytes()) {
                return self.text.get(name_end..value_end);
            }
            start = value_end;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_by_name_in_any_case_and_the_first_one_wins() {
        let mut head = HeadBuilder::new("POST", "/v1", "127.0.0.1".to_owned());
        head.header("accept", b"a");
        head.header("Authorization", b"Bearer x");
        head.header("authorization", b"second");
        head.header("empty", b"");
        let head = head.build();
        assert_eq!(head.header("AUTHORIZATION"), Some(&b"Bearer x"[..]));
        assert_eq!(head.header("empty"), Some(&b""[..]));
        assert_eq!(head.header("accep"), None);
        assert_eq!(head.header("x"), None);
    }
}
