use super::*;

/// The example of an empty message that AWS publishes with its checksums.
const EMPTY: [u8; 16] = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];

fn message_of(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let total = u32::try_from(FRAMING_BYTES + head.len() + payload.len()).unwrap();
    let mut bytes = total.to_be_bytes().to_vec();
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn stream() -> Vec<u8> {
    let delta = [(":message-type", "event"), (":event-type", "contentBlockDelta")];
    let exception = [(":message-type", "exception"), (":exception-type", "throttlingException")];
    let error = [(":error-code", "InternalError"), (":error-message", "it \"broke\"")];
    [
        message_of(&delta, br#"{"delta":{"text":"a"}}"#),
        EMPTY.to_vec(),
        message_of(&exception, br#"{"message":"slow"}"#),
        message_of(&error, b""),
    ]
    .concat()
}

fn all(chunks: &[&[u8]]) -> Vec<(Option<String>, String)> {
    let mut messages = Messages::new(1000);
    let mut found = Vec::new();
    for chunk in chunks {
        messages.push(chunk);
        while let Some(frame) = messages.next().unwrap() {
            found.push((frame.name, String::from_utf8(frame.data.to_vec()).unwrap()));
        }
    }
    assert_eq!(messages.finish(), Ok(None));
    found
}

#[test]
fn messages_are_the_same_for_every_chunking() {
    let named = |name: &str, data: &str| (Some(name.to_owned()), data.to_owned());
    let expected = [
        named("contentBlockDelta", r#"{"delta":{"text":"a"}}"#),
        (None, String::new()),
        named("throttlingException", r#"{"message":"slow"}"#),
        named("InternalError", r#"{"message":"it \"broke\""}"#),
    ];
    let stream = stream();
    for at in 0..=stream.len() {
        let (head, tail) = stream.split_at(at);
        assert_eq!(all(&[head, tail]), expected, "{at}");
    }
    assert_eq!(all(&stream.chunks(1).collect::<Vec<_>>()), expected);
}

#[test]
fn every_changed_bit_is_noticed() {
    let good = message_of(&[(":event-type", "e")], b"{}");
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let mut messages = Messages::new(1000);
            messages.push(&bad);
            let found = messages.next();
            assert!(found.is_err(), "byte {at}, bit {bit}: {found:?}");
        }
    }
}

#[test]
fn a_stream_that_ends_within_a_message_is_cut() {
    let stream = stream();
    let mut messages = Messages::new(1000);
    messages.push(&stream[..stream.len() - 1]);
    while messages.next().unwrap().is_some() {}
    assert_eq!(messages.finish(), Err(FramingError::Cut));
}

#[test]
fn a_message_above_the_bound_is_refused_by_its_length_alone() {
    let large = message_of(&[], &[b'x'; 2000]);
    let mut messages = Messages::new(1000);
    messages.push(&large[..PRELUDE_BYTES]);
    assert_eq!(messages.next(), Err(FramingError::TooLarge(1000)));
}

#[test]
fn headers_of_every_type_are_passed_over() {
    let mut head = Vec::new();
    for (kind, bytes) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)] {
        head.extend_from_slice(&[1, b'h', kind]);
        head.extend(std::iter::repeat_n(0, bytes));
    }
    head.extend_from_slice(&[1, b'h', 6, 0, 2, 0, 0]);
    head.extend_from_slice(b"\x0b:event-type\x07\x00\x01e");
    let headers = Headers::read(head.into()).unwrap();
    assert_eq!(headers.event.as_deref(), Some("e"));
    assert!(Headers::read(Bytes::from_static(b"\x01h\x0a")).is_err());
    assert!(Headers::read(Bytes::from_static(b"\x09h")).is_err());
}
