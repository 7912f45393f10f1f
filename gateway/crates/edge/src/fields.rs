//! Headers that can be changed: those of pingora's messages, which keep the spelling of names
//! beside them, and plain maps in tests.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use pingora_http::{RequestHeader, ResponseHeader};

use crate::forwarded;

/// What a header policy needs of a message.
pub(crate) trait Fields {
    /// All headers.
    fn map(&self) -> &HeaderMap;
    /// Takes the place of all values of this name.
    fn set(&mut self, name: &HeaderName, value: HeaderValue);
    /// Comes beside other values of this name.
    fn add(&mut self, name: &HeaderName, value: HeaderValue);
    /// Removes all values of this name.
    fn remove(&mut self, name: &HeaderName);
}

/// Tells caches that this header of the request matters; `spelled` is its name as it is written.
pub(crate) fn vary(answer: &mut impl Fields, name: &HeaderName, spelled: HeaderValue) {
    let told = answer.map().get_all(header::VARY).into_iter();
    let mut told = told.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    let is_told = told.any(|told| {
        let told = told.trim_ascii();
        told == b"*" || told.eq_ignore_ascii_case(name.as_str().as_bytes())
    });
    if !is_told {
        answer.add(&header::VARY, spelled);
    }
}

impl Fields for HeaderMap {
    fn map(&self) -> &HeaderMap {
        self
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        self.insert(name, value);
    }

    fn add(&mut self, name: &HeaderName, value: HeaderValue) {
        self.append(name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        HeaderMap::remove(self, name);
    }
}

// Names and values that are valid already cannot fail to be written; the results below are the
// errors of texts that are not.

impl Fields for RequestHeader {
    fn map(&self) -> &HeaderMap {
        &self.headers
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        let _never = match forwarded::spelled(name) {
            Some(spelled) => self.insert_header(spelled, value),
            None => self.insert_header(name, value),
        };
    }

    fn add(&mut self, name: &HeaderName, value: HeaderValue) {
        let _never = self.append_header(name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        self.remove_header(name);
    }
}

impl Fields for ResponseHeader {
    fn map(&self) -> &HeaderMap {
        &self.headers
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        let _never = self.insert_header(name, value);
    }

    fn add(&mut self, name: &HeaderName, value: HeaderValue) {
        let _never = self.append_header(name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        self.remove_header(name);
    }
}
