//! The lines of a chunked body: sizes, ends and trailers.

use super::head::is_token;
use super::refusal::Fault;

/// A chunk's line with its extensions, and a trailer's line.
const LINE_MAX: usize = 4 << 10;
/// Lines of trailers.
const TRAILERS_MAX: usize = 64;
/// 15 hexadecimal digits cannot overflow.
const DIGITS_MAX: usize = 15;

/// Where a chunked body stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Before a chunk's size.
    Size,
    /// In a chunk with so many bytes left.
    Data(u64),
    /// Before the line end after a chunk.
    DataEnd,
    /// After the last chunk; so many trailers have come.
    Trailers(usize),
}

/// What a line led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    More(Chunks),
    /// The body is over.
    Done,
}

// === impl Chunks ===

impl Chunks {
    /// Refuses a line that grows too long before it ends.
    pub(crate) fn check_growth(pending: usize) -> Result<(), Fault> {
        if pending > LINE_MAX { Err(Fault::Chunk) } else { Ok(()) }
    }

    /// Takes a line, its LF included.
    pub(crate) fn line(&self, line: &[u8]) -> Result<Next, Fault> {
        Self::check_growth(line.len())?;
        let line = line.strip_suffix(b"\r\n").ok_or(Fault::Chunk)?;
        if line.contains(&b'\r') {
            return Err(Fault::Chunk);
        }
        match *self {
            Self::Size => Ok(Next::More(match size(line)? {
                0 => Self::Trailers(0),
                bytes => Self::Data(bytes),
            })),
            Self::DataEnd if line.is_empty() => Ok(Next::More(Self::Size)),
            Self::Data(_) | Self::DataEnd => Err(Fault::Chunk),
            Self::Trailers(_) if line.is_empty() => Ok(Next::Done),
            Self::Trailers(count) if count < TRAILERS_MAX && is_trailer(line) => {
                Ok(Next::More(Self::Trailers(count + 1)))
            }
            Self::Trailers(_) => Err(Fault::Chunk),
        }
    }
}

/// A size in hexadecimal, and extensions that hold nothing but visible text.
fn size(line: &[u8]) -> Result<u64, Fault> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extension) = line.split_at_checked(end).ok_or(Fault::Chunk)?;
    let is_extension = match extension {
        [] => true,
        [b';', rest @ ..] => rest.iter().all(|&byte| byte == b'\t' || (b' '..0x7f).contains(&byte)),
        _ => false,
    };
    if digits.is_empty() || digits.len() > DIGITS_MAX || !is_extension {
        return Err(Fault::Chunk);
    }
    Ok(digits.iter().fold(0_u64, |sum, &digit| {
        let value = (digit as char).to_digit(16).unwrap_or(0);
        (sum << 4) | u64::from(value)
    }))
}

/// A header's line; one that would change the framing or the routing has no place here.
fn is_trailer(line: &[u8]) -> bool {
    const FORBIDDEN: [&[u8]; 4] =
        [b"content-length", b"transfer-encoding", b"host", b"authorization"];
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let (name, value) = line.split_at_checked(colon).unwrap_or_default();
    let is_visible = |&byte: &u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    !name.is_empty()
        && name.iter().all(|&byte| is_token(byte))
        && !FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden))
        && value.iter().all(is_visible)
}
