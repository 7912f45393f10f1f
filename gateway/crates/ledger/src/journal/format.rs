//! The bytes of a segment file. Not when they are written, nor what becomes of them.
//!
//! ```text
//! header, 72 bytes                      record
//!   0  magic "TOLLGJNL"                   0  length of the body, u32
//!   8  version, u32                       4  CRC-32C of the body, u32
//!  12  segment id, 16 bytes               8  body: type, u8: 1 opened, 2 progress, 3 settled
//!  28  created, Unix ms, u64                       call id, 16 bytes
//!  36  seed of the hash chain, 32 bytes            payload, JSON
//!  68  CRC-32C of bytes 0 to 67, u32               hash of the record before, 32 bytes
//! ```
//!
//! All numbers are little-endian. A record's hash is the SHA-256 of its body; length and checksum
//! follow from the body. The first record carries the header's seed, which is the last hash of the
//! writer's previous segment, so that a record cannot be taken out, moved or changed unseen.

use serde::Serialize;
use sha2::{Digest, Sha256};
use tollgate_domain::{CallId, UnixMillis};
use uuid::Uuid;

use crate::JournalError;

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// Bytes before the first record.
pub(crate) const HEADER_BYTES: u64 = 72;
/// The largest body. A settled record holds an opened one, so that gets half: a call that could
/// be opened can also be settled.
pub(crate) const BODY_MAX: usize = 256 * 1024;

const MAGIC: [u8; 8] = *b"TOLLGJNL";
const VERSION: u32 = 1;
const BODY_MIN: usize = 1 + 16 + 32;
const FRAME: usize = 8;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Opened = 1,
    Progress = 2,
    Settled = 3,
}

/// The start of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: Uuid,
    pub(crate) created: UnixMillis,
    pub(crate) seed: Hash,
}

/// A record whose place in the chain is not known yet.
pub(crate) struct Draft {
    crc: u32,
    hasher: Sha256,
}

/// A record read back.
pub(crate) struct Raw<'a> {
    pub(crate) kind: Kind,
    pub(crate) call: CallId,
    pub(crate) payload: &'a [u8],
    pub(crate) hash: Hash,
    /// Its size in the file.
    pub(crate) bytes: usize,
}

/// Why bytes are no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// They end before the record does.
    Incomplete,
    /// They cannot be one.
    Broken(&'static str),
}

/// Writes a record into `buffer`, all but its checksum and the hash of the one before.
pub(crate) fn draft(
    buffer: &mut Vec<u8>,
    kind: Kind,
    call: CallId,
    payload: &impl Serialize,
) -> Result<Draft, JournalError> {
    buffer.clear();
    buffer.extend_from_slice(&[0; FRAME]);
    buffer.push(kind as u8);
    buffer.extend_from_slice(call.as_bytes());
    serde_json::to_writer(&mut *buffer, payload)?;
    let body = buffer.len() - FRAME + 32;
    let largest = if kind == Kind::Opened { BODY_MAX / 2 } else { BODY_MAX };
    let length = u32::try_from(body).ok().filter(|_| body <= largest);
    let length = length.ok_or(JournalError::TooLarge { bytes: body })?;
    if let Some(place) = buffer.first_chunk_mut::<4>() {
        *place = length.to_le_bytes();
    }
    let written = buffer.get(FRAME..).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(written);
    Ok(Draft { crc: crc32c::crc32c(written), hasher })
}

/// Completes a draft with the hash of the record before it; gives its own.
pub(crate) fn seal(buffer: &mut Vec<u8>, draft: &Draft, previous: &Hash) -> Hash {
    buffer.extend_from_slice(previous);
    let crc = crc32c::crc32c_append(draft.crc, previous);
    if let Some(place) = buffer.get_mut(4..FRAME) {
        place.copy_from_slice(&crc.to_le_bytes());
    }
    let mut hasher = draft.hasher.clone();
    hasher.update(previous);
    hasher.finalize().into()
}

/// Takes back what [`seal`] did.
pub(crate) fn unseal(buffer: &mut Vec<u8>) {
    buffer.truncate(buffer.len().saturating_sub(32));
}

/// Reads the record at the start of `bytes`; its place in the chain is checked only with
/// `previous`.
pub(crate) fn parse<'a>(bytes: &'a [u8], previous: Option<&Hash>) -> Result<Raw<'a>, Defect> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Defect::Incomplete)?;
    let length = u32::from_le_bytes(*length) as usize;
    if !(BODY_MIN..=BODY_MAX).contains(&length) {
        return Err(Defect::Broken("no record has this length"));
    }
    let (crc, rest) = rest.split_first_chunk::<4>().ok_or(Defect::Incomplete)?;
    let body = rest.get(..length).ok_or(Defect::Incomplete)?;
    let (kind, rest) = body.split_first().ok_or(Defect::Incomplete)?;
    let kind = match kind {
        1 => Kind::Opened,
        2 => Kind::Progress,
        3 => Kind::Settled,
        _ => return Err(Defect::Broken("no record has this type")),
    };
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err(Defect::Broken("the checksum is wrong"));
    }
    let (call, rest) = rest.split_first_chunk::<16>().ok_or(Defect::Incomplete)?;
    let (payload, link) = rest.split_last_chunk::<32>().ok_or(Defect::Incomplete)?;
    if previous.is_some_and(|previous| previous != link) {
        return Err(Defect::Broken("the record does not follow the one before"));
    }
    let hash = Sha256::digest(body).into();
    Ok(Raw { kind, call: CallId::from_bytes(*call), payload, hash, bytes: FRAME + length })
}

// === impl Header ===

impl Header {
    /// The header as it is written.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.created.to_le_bytes());
        bytes.extend_from_slice(&self.seed);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header that starts `bytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Defect> {
        let header = bytes.first_chunk::<{ HEADER_BYTES as usize }>().ok_or(Defect::Incomplete)?;
        let (fields, crc) = header.split_last_chunk::<4>().ok_or(Defect::Incomplete)?;
        if crc32c::crc32c(fields) != u32::from_le_bytes(*crc) {
            return Err(Defect::Broken("the header's checksum is wrong"));
        }
        let (magic, rest) = fields.split_first_chunk::<8>().ok_or(Defect::Incomplete)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(Defect::Incomplete)?;
        if *magic != MAGIC || u32::from_le_bytes(*version) != VERSION {
            return Err(Defect::Broken("it is no segment of this version"));
        }
        let (id, rest) = rest.split_first_chunk::<16>().ok_or(Defect::Incomplete)?;
        let (created, seed) = rest.split_first_chunk::<8>().ok_or(Defect::Incomplete)?;
        let seed = *seed.first_chunk::<32>().ok_or(Defect::Incomplete)?;
        let created = u64::from_le_bytes(*created);
        Ok(Self { id: Uuid::from_bytes(*id), created, seed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(previous: &Hash) -> (Vec<u8>, Hash) {
        let mut bytes = Vec::new();
        let draft = draft(&mut bytes, Kind::Progress, CallId::generate(), &"payload").unwrap();
        let hash = seal(&mut bytes, &draft, previous);
        (bytes, hash)
    }

    #[test]
    fn a_record_survives_its_bytes_and_names_its_place() {
        let (bytes, hash) = record(&[7; 32]);
        let raw = parse(&bytes, Some(&[7; 32])).ok().unwrap();
        assert_eq!((raw.kind, raw.payload, raw.hash), (Kind::Progress, &b"\"payload\""[..], hash));
        assert_eq!(raw.bytes, bytes.len());
        assert!(matches!(parse(&bytes, Some(&[8; 32])), Err(Defect::Broken(_))));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let (bytes, _) = record(&[7; 32]);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&bad, Some(&[7; 32])).is_err(), "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut], None).err(), Some(Defect::Incomplete), "cut {cut}");
        }
    }

    #[test]
    fn a_header_survives_its_bytes_and_no_bit_may_flip() {
        let header = Header { id: Uuid::now_v7(), created: 5, seed: [9; 32] };
        let bytes = header.to_bytes();
        assert_eq!(bytes.len() as u64, HEADER_BYTES);
        assert_eq!(Header::parse(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::parse(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_that_is_too_large_is_refused() {
        let text = "x".repeat(BODY_MAX / 2);
        let mut bytes = Vec::new();
        let call = CallId::generate();
        let opened = draft(&mut bytes, Kind::Opened, call, &text);
        assert!(matches!(opened, Err(JournalError::TooLarge { .. })));
        assert!(draft(&mut bytes, Kind::Settled, call, &text).is_ok());
    }
}
