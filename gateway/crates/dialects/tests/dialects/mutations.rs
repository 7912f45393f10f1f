//! Bytes that nobody would send: changed at random, the same in every run. Nothing may panic, and
//! what comes out is bounded by what went in.

use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tollgate_dialects::{Frames, Framing, Observer, facts, to_neutral};
use tollgate_domain::{Dialect, Document, Frame};

use crate::golden::inputs;
use crate::random::Random;
use crate::requests::TALKING;

/// Bytes that mean something in JSON or in event streams.
const MARKS: &[u8] = b"{}[]\",:\\ntfdata\r\n\0\xff\xef 01-.e";
const RUNS: usize = 400;

fn changed(random: &mut Random, original: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(5) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] = random.one(MARKS),
            1 => bytes.insert(at, random.one(MARKS)),
            2 => drop(bytes.splice(at..bytes.len().min(at + random.below(40)), [])),
            3 => {
                let copied = bytes[at..bytes.len().min(at + 60)].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, copied));
            }
            _ => bytes[at] ^= 1 << random.below(8),
        }
        bytes.push(b' ');
    }
    bytes
}

#[test]
fn changed_requests_end_in_a_chat_or_in_a_refusal() {
    let mut random = Random::new(1);
    let (mut read, mut refused) = (0, 0);
    for (folder, _) in TALKING {
        for file in inputs(folder, ".in.json") {
            let original = std::fs::read(&file).unwrap();
            for _ in 0..RUNS {
                let bytes = changed(&mut random, &original);
                let Ok(document) = Document::parse(Bytes::from(bytes.clone())) else { continue };
                for dialect in Dialect::ALL {
                    let _facts = facts(dialect, &document);
                    match to_neutral(dialect, &document) {
                        Ok(neutral) => {
                            read += 1;
                            assert!(neutral.body.len() <= 4 * bytes.len() + 1000);
                            serde_json::from_slice::<Value>(&neutral.body).unwrap();
                        }
                        Err(error) => {
                            refused += 1;
                            assert!(!error.message.is_empty());
                        }
                    }
                }
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

#[test]
fn one_long_list_in_a_request_stays_as_long() {
    let block =
        r#"{"type":"tool_result","tool_use_id":"t","content":"x"},{"type":"text","text":"y"}"#;
    let blocks = vec![block; 10_000].join(",");
    let note = "n".repeat(100_000);
    let body = format!(
        r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","note":"{note}",
        "content":[{blocks}]}}]}}"#
    );
    let document = Document::parse(Bytes::from(body.clone())).unwrap();
    let neutral = to_neutral(Dialect::AnthropicMessages, &document).unwrap();
    assert!(neutral.body.len() < 2 * body.len());
}

#[test]
fn deep_nesting_is_no_trouble() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let bodies = [
        format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":{deep}}}]}}"#
        ),
        format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"assistant","content":[
            {{"type":"tool_use","id":"i","name":"f","input":{deep}}}]}}]}}"#
        ),
        format!(r#"{{"model":"m","input":{deep},"prompt":{deep},"tools":{deep}}}"#),
    ];
    for body in bodies {
        let document = Document::parse(Bytes::from(body)).unwrap();
        for dialect in Dialect::ALL {
            let _facts = facts(dialect, &document);
            let _neutral = to_neutral(dialect, &document);
            let mut observer = Observer::new(dialect);
            observer.whole(&document);
            observer.event(document.bytes()).unwrap();
        }
    }
}

/// What comes out of some chunks: frames, or frames up to an error.
fn framed(framing: Framing, chunks: &[&[u8]]) -> (Vec<Frame>, bool) {
    let mut frames = Frames::new(framing, 2000);
    let mut found = Vec::new();
    for chunk in chunks {
        frames.push(chunk);
        loop {
            match frames.next_frame() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(_) => return (found, false),
            }
        }
    }
    match frames.finish() {
        Ok(last) => {
            found.extend(last);
            (found, true)
        }
        Err(_) => (found, false),
    }
}

fn chunks<'a>(random: &mut Random, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (chunk, rest) = bytes.split_at((1 + random.below(9)).min(bytes.len()));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

fn corpus(folder: &str, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    inputs(folder, ending)
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

#[test]
fn changed_streams_are_cut_alike_in_every_chunking() {
    let mut random = Random::new(2);
    let mut files = corpus("answers", ".sse");
    files.extend(corpus("framing", ".bin"));
    let framings =
        [Framing::Whole, Framing::ServerSentEvents, Framing::AwsEventStream, Framing::Lines];
    for (path, original) in files {
        for run in 0..RUNS / 8 {
            let bytes = match run {
                0 => original.clone(),
                _ => changed(&mut random, &original),
            };
            for framing in framings {
                let whole = framed(framing, &[&bytes]);
                let parts = framed(framing, &chunks(&mut random, &bytes));
                let length: usize = whole.0.iter().map(|frame| frame.data.len()).sum();
                assert!(length <= bytes.len() + 100, "{framing:?} {}", path.display());
                assert_eq!(parts, whole, "{framing:?} {}: {bytes:?}", path.display());
            }
        }
    }
}

#[test]
fn changed_events_are_watched_without_trouble() {
    let mut random = Random::new(3);
    for (_, original) in corpus("answers", ".sse") {
        for _ in 0..RUNS / 8 {
            let bytes = changed(&mut random, &original);
            for dialect in Dialect::ALL {
                let mut observer = Observer::new(dialect);
                for frame in framed(Framing::ServerSentEvents, &[&bytes]).0 {
                    let _seen = observer.event(&frame.data);
                }
                let usage = observer.observed(0).usage();
                assert!(usage.output <= bytes.len() as u64 * 2);
            }
        }
    }
}

#[test]
fn the_corpus_of_the_binary_framing_is_whole() {
    for (path, bytes) in corpus("framing", ".bin") {
        let (frames, whole) = framed(Framing::AwsEventStream, &[&bytes]);
        assert!(whole && frames.len() > 3, "{}: {frames:?}", path.display());
        let mut data = BytesMut::new();
        frames.iter().for_each(|frame| data.extend_from_slice(&frame.data));
        assert!(!data.is_empty());
    }
}
