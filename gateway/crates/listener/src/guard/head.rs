//! A request's head, line by line: what two parsers could read differently is refused.

use super::GuardLimits;
use super::refusal::Fault;

/// The request line, method and version included; longer targets are of no use to anybody.
const REQUEST_LINE_MAX: usize = 8 << 10;

/// How the bytes after a head are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes.
    Fixed(u64),
    Chunked,
}

/// A head that is whole and in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) body: Body,
    /// The client asks for another protocol. An `Upgrade` header alone says so, as it does to
    /// the parser behind the guard; `Connection` is not asked.
    pub(crate) upgrade: bool,
}

/// What is known of a head so far.
#[derive(Debug, Default)]
pub(crate) struct Head {
    lines: usize,
    bytes: usize,
    is_http10: bool,
    is_star: bool,
    is_options: bool,
    /// Of a target in absolute form. The parser behind wants it exactly as the header has it.
    authority: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
}

// === impl Head ===

impl Head {
    /// Whether nothing of it has come but an empty line, of so many bytes not handed on.
    pub(crate) fn is_blank(&self, pending: usize) -> bool {
        self.lines == 0 && self.bytes == pending
    }

    /// Bytes of a line that is not whole yet; too many are refused before it ends.
    pub(crate) fn check_growth(&self, pending: usize, limits: &GuardLimits) -> Result<(), Fault> {
        if self.lines == 0 && pending > REQUEST_LINE_MAX.min(limits.header_bytes) {
            return Err(Fault::TargetTooLong);
        }
        match self.bytes + pending > limits.header_bytes {
            true => Err(Fault::HeadTooLarge),
            false => Ok(()),
        }
    }

    /// Takes a line, its LF included. Gives the head's end once it has come.
    pub(crate) fn line(
        &mut self,
        line: &[u8],
        limits: &GuardLimits,
    ) -> Result<Option<Accepted>, Fault> {
        self.check_growth(line.len(), limits)?;
        self.bytes += line.len();
        let line = line.strip_suffix(b"\r\n").ok_or(Fault::LineEnd)?;
        if memchr::memchr(b'\r', line).is_some() {
            return Err(Fault::LineEnd);
        }
        if self.lines == 0 {
            // One empty line before a request is common after a form's body.
            if line.is_empty() && self.bytes == 2 {
                return Ok(None);
            }
            self.request_line(line)?;
            self.lines = 1;
            return Ok(None);
        }
        if line.is_empty() {
            return self.end().map(Some);
        }
        self.lines += 1;
        if self.lines > limits.header_count + 1 {
            return Err(Fault::HeadTooLarge);
        }
        self.header(line)?;
        Ok(None)
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        let (Some(method), Some(target), Some(version)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::RequestLine);
        };
        if method.is_empty() || !method.iter().all(|&b| is_token(b)) || Fault::is_stand_in(method) {
            return Err(Fault::Method);
        }
        match version {
            b"HTTP/1.1" => {}
            b"HTTP/1.0" => self.is_http10 = true,
            // A blank in the target: what follows it is no version.
            _ if !version.starts_with(b"HTTP/") => return Err(Fault::Target),
            _ => return Err(Fault::Version),
        }
        if method == b"CONNECT" {
            return Err(Fault::Connect);
        }
        self.is_options = method == b"OPTIONS";
        self.target(target)
    }

    fn target(&mut self, target: &[u8]) -> Result<(), Fault> {
        if !is_plain(target) {
            return Err(Fault::Target);
        }
        match target {
            [b'/', ..] => Ok(()),
            b"*" if self.is_options => {
                self.is_star = true;
                Ok(())
            }
            absolute => {
                let authority = authority_of(absolute).ok_or(Fault::Target)?;
                self.authority = Some(authority.to_vec());
                Ok(())
            }
        }
    }

    fn header(&mut self, line: &[u8]) -> Result<(), Fault> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(Fault::Folded);
        }
        let colon = memchr::memchr(b':', line).ok_or(Fault::HeaderName)?;
        let (name, rest) = line.split_at_checked(colon).ok_or(Fault::HeaderName)?;
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            return Err(Fault::HeaderName);
        }
        let value = rest.get(1..).unwrap_or_default();
        // Every byte is looked at, bad ones or not: so several are at once.
        let is_bad = |byte: u8| ((byte < b' ') & (byte != b'\t')) | (byte == 0x7f);
        if value.iter().fold(false, |bad, &byte| bad | is_bad(byte)) {
            return Err(Fault::HeaderValue);
        }
        self.known_header(name, trim(value))
    }

    fn known_header(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        // The lengths tell most headers apart without a comparison.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                let before = self.host.replace(value.to_vec());
                if before.is_some() || !is_host(value) {
                    return Err(Fault::Host);
                }
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = number(value).ok_or(Fault::ContentLength)?;
                if self.length.replace(length).is_some() {
                    return Err(Fault::ContentLength);
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let is_first = !std::mem::replace(&mut self.chunked, true);
                if !is_first || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Fault::TransferEncoding);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Accepted, Fault> {
        match (&self.host, self.is_http10) {
            (None, false) => return Err(Fault::Host),
            (Some(host), _) if self.authority.as_ref().is_some_and(|named| named != host) => {
                return Err(Fault::HostMismatch);
            }
            _ => {}
        }
        let body = match (self.length, self.chunked) {
            (Some(_), true) => return Err(Fault::TwoLengths),
            (None, true) if self.is_http10 => return Err(Fault::TransferEncoding),
            (None, true) => Body::Chunked,
            (length, false) => Body::Fixed(length.unwrap_or(0)),
        };
        let upgrade = self.upgrade && !self.is_http10;
        Ok(Accepted { body, upgrade })
    }
}

/// Whether a target has only bytes that the parser behind takes too: no blanks, no control bytes,
/// nothing above ASCII, no fragment, and not the few that no URI may hold.
fn is_plain(target: &[u8]) -> bool {
    let end = memchr::memchr(b'?', target).unwrap_or(target.len());
    let (path, query) = target.split_at_checked(end).unwrap_or_default();
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"#<>".contains(byte);
    path.iter().all(|byte| is_plain(byte) && *byte != b'`')
        && query.iter().all(|byte| is_plain(byte) && *byte != b'"')
}

/// The authority of `http://authority/…`.
fn authority_of(target: &[u8]) -> Option<&[u8]> {
    let scheme = memchr::memmem::find(target, b"://")?;
    let (name, rest) = target.split_at_checked(scheme)?;
    if !name.eq_ignore_ascii_case(b"http") && !name.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let rest = rest.get(3..)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    rest.get(..end).filter(|authority| is_host(authority))
}

/// `name`, `name:port`, `[address]` or `[address]:port`.
fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host {
        [b'[', rest @ ..] => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let (address, rest) = rest.split_at_checked(end).unwrap_or_default();
            let is_address = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
            if address.is_empty() || !address.iter().all(is_address) {
                return false;
            }
            (&b"address"[..], rest.get(1..).unwrap_or_default())
        }
        _ => {
            let end = memchr::memchr(b':', host).unwrap_or(host.len());
            host.split_at_checked(end).unwrap_or_default()
        }
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => {
            (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    !name.is_empty() && name.len() <= 255 && name.iter().all(is_name) && is_port
}

/// Digits alone, few enough not to overflow.
fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
    })
}

fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

/// A byte of a token, as methods and header names are.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
