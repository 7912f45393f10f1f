//! Why a request is refused before anybody routes it.

use std::error::Error;
use std::fmt;
use std::io;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request line is not `METHOD target HTTP/1.x`.
    RequestLine,
    /// The method is no token, or is not for clients.
    Method,
    /// The target holds blanks, control bytes or bytes above ASCII, or has a form that does not
    /// go with the method.
    Target,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// A header's name is no token.
    HeaderName,
    /// A header's value holds a control byte.
    HeaderValue,
    /// A header goes on in a second line.
    Folded,
    /// A line ends without CR, or a CR stands in a line.
    LineEnd,
    /// No `Host`, several, or one that is no host.
    Host,
    /// The target names another host than the header does.
    HostMismatch,
    /// `Content-Length` is not one plain number.
    ContentLength,
    /// `Transfer-Encoding` is not exactly `chunked`, or comes with HTTP/1.0.
    TransferEncoding,
    /// Both `Content-Length` and `Transfer-Encoding`.
    TwoLengths,
    /// Chunks whose sizes, ends or trailers are broken.
    Chunk,
    /// `CONNECT`.
    Connect,
    /// The head did not come in time.
    HeadTimeout,
    /// The request line is too long.
    TargetTooLong,
    /// The head has too many bytes or lines.
    HeadTooLarge,
}

/// The method of the request that stands for a refused one.
const METHOD: &str = "REFUSED";

const ALL: [Fault; 18] = [
    Fault::RequestLine,
    Fault::Method,
    Fault::Target,
    Fault::Version,
    Fault::HeaderName,
    Fault::HeaderValue,
    Fault::Folded,
    Fault::LineEnd,
    Fault::Host,
    Fault::HostMismatch,
    Fault::ContentLength,
    Fault::TransferEncoding,
    Fault::TwoLengths,
    Fault::Chunk,
    Fault::Connect,
    Fault::HeadTimeout,
    Fault::TargetTooLong,
    Fault::HeadTooLarge,
];

// === impl Fault ===

impl Fault {
    /// The status that the client gets.
    pub fn status(self) -> u16 {
        match self {
            Self::Connect => 405,
            Self::HeadTimeout => 408,
            Self::TargetTooLong => 414,
            Self::HeadTooLarge => 431,
            _ => 400,
        }
    }

    /// A word for logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::RequestLine => "request-line",
            Self::Method => "method",
            Self::Target => "target",
            Self::Version => "version",
            Self::HeaderName => "header-name",
            Self::HeaderValue => "header-value",
            Self::Folded => "folded-header",
            Self::LineEnd => "line-end",
            Self::Host => "host",
            Self::HostMismatch => "host-mismatch",
            Self::ContentLength => "content-length",
            Self::TransferEncoding => "transfer-encoding",
            Self::TwoLengths => "two-lengths",
            Self::Chunk => "chunk",
            Self::Connect => "connect",
            Self::HeadTimeout => "head-timeout",
            Self::TargetTooLong => "target-too-long",
            Self::HeadTooLarge => "head-too-large",
        }
    }

    /// What is wrong, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::RequestLine => "The request line is not of the form `METHOD target HTTP/1.1`.",
            Self::Method => "The method is not one that HTTP allows.",
            Self::Target => {
                "The request target is not valid: encode blanks and special bytes as %XX."
            }
            Self::Version => "Only HTTP/1.0, HTTP/1.1 and HTTP/2 by ALPN are spoken here.",
            Self::HeaderName => "A header's name is not valid.",
            Self::HeaderValue => "A header's value holds a control byte.",
            Self::Folded => "Header lines cannot be folded.",
            Self::LineEnd => "Every line of the head must end with CR LF.",
            Self::Host => "Exactly one valid `Host` header is needed.",
            Self::HostMismatch => "The request target and the `Host` header name different hosts.",
            Self::ContentLength => "`Content-Length` must be given once, as a plain number.",
            Self::TransferEncoding => {
                "The only `Transfer-Encoding` understood is `chunked`, with HTTP/1.1."
            }
            Self::TwoLengths => {
                "`Content-Length` and `Transfer-Encoding` cannot be given together."
            }
            Self::Chunk => "The chunks of the body are broken.",
            Self::Connect => "This server is no proxy for CONNECT.",
            Self::HeadTimeout => "The request's head did not arrive in time.",
            Self::TargetTooLong => "The request line is too long.",
            Self::HeadTooLarge => "The request's head has too many or too large headers.",
        }
    }

    /// The request that is handed on in the place of the refused one, so that its answer comes in
    /// its turn.
    pub(crate) fn stand_in(self) -> String {
        let word = self.word();
        format!("{METHOD} /{word} HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n")
    }

    /// The fault that a request stands for, if it is such a stand-in. A client cannot send one:
    /// the method is refused.
    pub fn of(method: &str, path: &str) -> Option<Self> {
        if method != METHOD {
            return None;
        }
        let word = path.strip_prefix('/').unwrap_or(path);
        Some(ALL.into_iter().find(|fault| fault.word() == word).unwrap_or(Self::Method))
    }

    /// The fault behind an error of reading a body, if it is one.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(fault) = inner.and_then(|inner| inner.downcast_ref::<Self>()) {
                return Some(*fault);
            }
            next = error.source();
        }
        None
    }

    /// Whether a method is the stand-in's, which no client may use.
    pub(crate) fn is_stand_in(method: &[u8]) -> bool {
        method == METHOD.as_bytes()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_tells_its_fault() {
        for fault in ALL {
            let text = fault.stand_in();
            let mut parts = text.split(' ');
            let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
            assert_eq!(Fault::of(method, path), Some(fault));
        }
        assert_eq!(Fault::of("GET", "/host"), None);
    }
}
