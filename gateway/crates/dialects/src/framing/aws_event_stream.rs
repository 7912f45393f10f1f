//! AWS's binary event stream: messages of a prelude, headers, a payload and two checksums.
//!
//! ```text
//! total length u32 | length of headers u32 | CRC-32 of these eight bytes
//! headers: name length u8, name, type u8, value …
//! payload
//! CRC-32 of everything before it
//! ```

use bytes::{Buf, Bytes, BytesMut};
use tollgate_domain::Frame;

use super::FramingError;
use crate::json::object;

/// Two lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
/// The prelude and the checksum at the end.
const FRAMING_BYTES: usize = PRELUDE_BYTES + 4;

/// Collects bytes and gives messages.
#[derive(Debug)]
pub(super) struct Messages {
    buffer: BytesMut,
    bytes_max: usize,
}

/// The headers that say what a message is.
#[derive(Debug, Default)]
struct Headers {
    event: Option<String>,
    exception: Option<String>,
    error: Option<String>,
    error_message: Option<String>,
}

// === impl Messages ===

impl Messages {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { buffer: BytesMut::new(), bytes_max }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, its checksums verified.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, FramingError> {
        let Some(mut prelude) = self.buffer.get(..PRELUDE_BYTES) else { return Ok(None) };
        let checked = crc32fast::hash(prelude.get(..PRELUDE_BYTES - 4).unwrap_or_default());
        let (total, headers) = (length(prelude.get_u32())?, length(prelude.get_u32())?);
        if prelude.get_u32() != checked || headers > total.saturating_sub(FRAMING_BYTES) {
            return Err(FramingError::Broken);
        }
        if total < FRAMING_BYTES {
            return Err(FramingError::Broken);
        }
        if total > self.bytes_max {
            return Err(FramingError::TooLarge(self.bytes_max));
        }
        if self.buffer.len() < total {
            return Ok(None);
        }
        message(self.buffer.split_to(total).freeze(), headers).map(Some)
    }

    /// Nothing may be left when the stream has ended.
    pub(super) fn finish(&mut self) -> Result<Option<Frame>, FramingError> {
        if self.buffer.is_empty() { Ok(None) } else { Err(FramingError::Cut) }
    }
}

fn length(bytes: u32) -> Result<usize, FramingError> {
    usize::try_from(bytes).map_err(|_| FramingError::Broken)
}

/// Takes a message of the lengths that its prelude told.
fn message(mut bytes: Bytes, headers_bytes: usize) -> Result<Frame, FramingError> {
    let mut checksum = bytes.split_off(bytes.len().saturating_sub(4));
    if checksum.try_get_u32().map_err(|_| FramingError::Broken)? != crc32fast::hash(&bytes) {
        return Err(FramingError::Broken);
    }
    bytes.advance(PRELUDE_BYTES);
    let headers = Headers::read(bytes.split_to(headers_bytes))?;
    Ok(match headers.error {
        Some(name) => {
            let told = object! { "message": headers.error_message };
            Frame { name: Some(name), data: told.into_bytes().into() }
        }
        None => Frame { name: headers.exception.or(headers.event), data: bytes },
    })
}

// === impl Headers ===

impl Headers {
    fn read(mut bytes: Bytes) -> Result<Self, FramingError> {
        let mut headers = Self::default();
        while bytes.has_remaining() {
            let name_bytes = usize::from(bytes.get_u8());
            let name = take(&mut bytes, name_bytes)?;
            let value = value(&mut bytes)?;
            let place = match name.as_ref() {
                b":event-type" => &mut headers.event,
                b":exception-type" => &mut headers.exception,
                b":error-code" => &mut headers.error,
                b":error-message" => &mut headers.error_message,
                _ => continue,
            };
            *place = Some(String::from_utf8_lossy(&value).into_owned());
        }
        Ok(headers)
    }
}

/// A header's value, whatever its type.
fn value(bytes: &mut Bytes) -> Result<Bytes, FramingError> {
    let length = match bytes.try_get_u8().map_err(|_| FramingError::Broken)? {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | 7 => usize::from(bytes.try_get_u16().map_err(|_| FramingError::Broken)?),
        9 => 16,
        _ => return Err(FramingError::Broken),
    };
    take(bytes, length)
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, FramingError> {
    if bytes.len() < length { Err(FramingError::Broken) } else { Ok(bytes.split_to(length)) }
}

#[cfg(test)]
mod tests;
