//! Events of a stream as bytes.

use bytes::BytesMut;

use crate::json::Text;

/// What ends the streams of OpenAI's completions.
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";

/// An event without a name. `text` has no end of line: JSON escapes them.
pub(super) fn data(out: &mut BytesMut, text: &Text) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\n\n");
}

/// An event with a name.
pub(super) fn named(out: &mut BytesMut, name: &str, text: &Text) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\n");
    data(out, text);
}
