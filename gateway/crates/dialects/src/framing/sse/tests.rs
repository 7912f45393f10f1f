use super::*;

const STREAM: &str = "data: {\"a\":1}\n\n: comment\n\ndata:x\r\ndata: y\r\n\r\nevent: e\n\
                      data: [DONE]\n\n";

fn all(chunks: &[&[u8]]) -> (Vec<(Option<String>, String)>, Vec<u8>) {
    let mut events = SseEvents::new(1000);
    let (mut found, mut raw) = (Vec::new(), Vec::new());
    for chunk in chunks {
        events.push(chunk);
        while let Some(event) = events.next_event().unwrap() {
            found.push((event.name, String::from_utf8(event.data.to_vec()).unwrap()));
            raw.extend_from_slice(&event.raw);
        }
    }
    (found, raw)
}

fn unnamed(data: &str) -> (Option<String>, String) {
    (None, data.to_owned())
}

#[test]
fn events_are_the_same_for_every_chunking() {
    let last = (Some("e".to_owned()), "[DONE]".to_owned());
    let expected = vec![unnamed("{\"a\":1}"), unnamed(""), unnamed("x\ny"), last];
    for at in 0..=STREAM.len() {
        let (head, tail) = STREAM.as_bytes().split_at(at);
        assert_eq!(all(&[head, tail]), (expected.clone(), STREAM.into()), "{at}");
    }
    let single: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
    assert_eq!(all(&single), (expected, STREAM.into()));
}

#[test]
fn every_end_of_line_is_understood_in_every_chunking() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = "\u{feff}event: a\ndata: 1\ndata\ndata:  2\n\nid: 7\n\n:\n\ndata: 3\n\n";
        let stream = stream.replace('\n', end);
        let first = (Some("a".to_owned()), "1\n\n 2".to_owned());
        let expected = vec![first, unnamed(""), unnamed(""), unnamed("3")];
        for at in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(at);
            assert_eq!(all(&[head, tail]).0, expected, "{end:?} {at}");
        }
        let single: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(all(&single).0, expected, "{end:?}");
    }
}

#[test]
fn an_event_whose_lines_end_in_carriage_returns_is_given_at_once() {
    let mut events = SseEvents::new(100);
    events.push(b"data: 1\r\r");
    assert_eq!(events.next_event().unwrap().unwrap().data, "1");
    events.push(b"\ndata: 2\r\n\r");
    assert_eq!(events.next_event(), Ok(None));
    events.push(b"\n");
    assert_eq!(events.next_event().unwrap().unwrap().raw, "data: 2\r\n\r\n");
    assert_eq!(events.rest(), None);
}

#[test]
fn an_event_above_the_limit_is_an_error_and_not_a_growing_buffer() {
    let mut events = SseEvents::new(10);
    events.push(b"data: 0123456789");
    assert_eq!(events.next_event(), Err(FramingError::TooLarge(10)));
    let mut events = SseEvents::new(10);
    events.push(b"data: 0123456789\n\n");
    assert_eq!(events.next_event(), Err(FramingError::TooLarge(10)));
}

#[test]
fn what_is_left_at_the_end_is_given_once() {
    let mut events = SseEvents::new(100);
    events.push(b"event: e\ndata: tail");
    assert_eq!(events.next_event(), Ok(None));
    let rest = events.rest().unwrap();
    assert_eq!((rest.data.as_ref(), rest.name.as_deref()), (b"tail".as_slice(), Some("e")));
    assert_eq!(events.rest(), None);
}

#[test]
fn an_event_of_a_megabyte_in_small_chunks_takes_linear_time() {
    let data = "x".repeat(1 << 20);
    let stream = format!("data: {data}\n\n");
    let mut events = SseEvents::new(2 << 20);
    let mut looked_at = 0_usize;
    for chunk in stream.as_bytes().chunks(100) {
        let before = events.searched;
        events.push(chunk);
        let found = events.next_event().unwrap();
        looked_at += events.searched.saturating_sub(before);
        if let Some(event) = found {
            assert_eq!(event.data.len(), data.len());
            assert!(looked_at <= stream.len());
            return;
        }
        assert_eq!(events.searched, events.buffer.len());
    }
    panic!("the event was not found");
}

#[test]
fn other_data_leaves_the_other_lines() {
    let mut events = SseEvents::new(1000);
    events.push(b"id: 7\r\nevent: e\r\ndata: a\r\ndata: b\r\n\r\n");
    let event = events.next_event().unwrap().unwrap();
    assert_eq!(event.with_data(b"{\n}"), "id: 7\nevent: e\ndata: {\ndata: }\n\n");
}
