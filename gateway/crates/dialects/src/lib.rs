//! Everything the gateway knows about the forms in which its clients ask and are answered. No input
//! or output, nothing asynchronous: bytes and events in, bytes and facts out.
//!
//! A request is read for its [`facts`] and, where the provider speaks another dialect, put into the
//! neutral one, OpenAI's chat completions ([`to_neutral`]). An answer comes as neutral events and is
//! written in the client's dialect: as a stream by a [`Writer`], at once by [`whole`]. What passes
//! through in the provider's own dialect is watched by an [`Observer`].
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use tollgate_dialects::{Subject, Writer, facts, to_neutral};
//! use tollgate_domain::{Dialect, Document, Event, FinishReason};
//!
//! let body = r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#;
//! let document = Document::parse(Bytes::from_static(body.as_bytes())).unwrap();
//! assert_eq!(facts(Dialect::AnthropicMessages, &document).unwrap().output_cap, Some(5));
//! let neutral = to_neutral(Dialect::AnthropicMessages, &document).unwrap();
//! assert!(neutral.dropped.is_empty());
//!
//! let subject = Subject::new("0190", "m", 1_700_000_000);
//! let mut writer = Writer::new(Dialect::AnthropicMessages, subject);
//! let mut out = BytesMut::new();
//! writer.event(&Event::Text("Hello".to_owned()), &mut out).unwrap();
//! writer.event(&Event::Finish(FinishReason::Stop), &mut out).unwrap();
//! writer.end(&mut out);
//! assert!(out.starts_with(b"event: message_start\n"));
//! ```

mod answer;
mod facts;
mod fault;
mod finish;
mod framing;
mod json;
mod observer;
mod place;
mod rename;
mod request;

pub use answer::{AnswerTooLarge, Subject, Writer, error_event, whole};
pub use facts::{Facts, facts};
pub use fault::{Fault, error_body, provider_word};
pub use finish::{anthropic_stop_reason, finish_reason, openai_finish_reason};
pub use framing::{Frames, Framing, FramingError, SseEvent, SseEvents};
pub use observer::{Observer, Seen, closing_words};
pub use place::Unreadable;
pub use rename::renamed;
pub use request::{Neutral, to_neutral};
