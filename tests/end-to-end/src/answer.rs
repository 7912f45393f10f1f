//! Answers, whole and streamed.

use std::collections::VecDeque;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode, Version};
use serde_json::Value;

use crate::wait::PATIENCE;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The protocol version.
    pub version: Version,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Reads a response to its end. Gives an error text if the body is cut.
    pub(crate) async fn read(response: Response) -> Result<Self, String> {
        let status = response.status().as_u16();
        let version = response.version();
        let headers = response.headers().clone();
        let text = response.text().await.map_err(|error| format!("{error:?}"))?;
        Ok(Self { status, version, headers, text })
    }

    /// A header's value, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The gateway's own id of the call.
    pub fn call_id(&self) -> String {
        let id = self.header("x-tollgate-call-id");
        assert!(!id.is_empty(), "no x-tollgate-call-id in {self:?}");
        id.to_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        let value = serde_json::from_str(&self.text);
        value.unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The text of the only choice.
    pub fn content(&self) -> String {
        let content = self.json()["choices"][0]["message"]["content"].clone();
        content.as_str().unwrap_or_else(|| panic!("no content: {self:?}")).to_owned()
    }

    /// The data of a streamed body's events.
    pub fn events(&self) -> Vec<String> {
        events(&self.text)
    }

    /// The concatenated content of a streamed body.
    pub fn streamed_content(&self) -> String {
        let events = self.events();
        let values = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
        let deltas = values.map(|value| value["choices"][0]["delta"]["content"].clone());
        deltas.filter_map(|delta| delta.as_str().map(str::to_owned)).collect()
    }

    /// Checks that it is a success and gives it back.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self
    }

    /// Checks the error envelope: status, and the code in the body; gives the error's type.
    #[track_caller]
    pub fn error(&self) -> String {
        let error = &self.json()["error"];
        assert!(self.status >= 400, "{self:?}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "an error without a message: {self:?}");
        assert_eq!(error["code"], self.status.to_string(), "{self:?}");
        assert!(error.get("param").is_some(), "an error without param: {self:?}");
        assert!(error.get("type").is_some(), "an error without type: {self:?}");
        error["type"].as_str().unwrap_or_default().to_owned()
    }

    /// Checks status and type of an error.
    #[track_caller]
    pub fn refused(&self, status: u16, kind: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.error(), kind, "{self:?}");
    }
}

/// The data of the events in a stream's text.
pub fn events(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
}

/// A streamed answer, event by event as they arrive.
pub struct Chunks {
    /// The answer's headers.
    pub headers: HeaderMap,
    response: Response,
    buffer: Vec<u8>,
    ready: VecDeque<String>,
}

impl Chunks {
    pub(crate) fn new(response: Response) -> Self {
        let headers = response.headers().clone();
        Self { headers, response, buffer: Vec::new(), ready: VecDeque::new() }
    }

    /// The gateway's own id of the call.
    pub fn call_id(&self) -> String {
        let id = self.headers.get("x-tollgate-call-id").expect("x-tollgate-call-id");
        id.to_str().expect("ASCII").to_owned()
    }

    /// The next event's data; none at the end; an error if the stream was cut.
    pub async fn next(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| "nothing arrived".to_owned())?;
            match chunk.map_err(|error| format!("{error:?}"))? {
                Some(bytes) => self.split(&bytes),
                None => return Ok(None),
            }
        }
    }

    fn split(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event).into_owned();
            self.ready.extend(events(&event));
        }
    }

    /// The next event, which must come.
    pub async fn event(&mut self) -> String {
        match self.next().await {
            Ok(Some(event)) => event,
            other => panic!("an event was expected, got {other:?}"),
        }
    }

    /// Reads to the end and gives the events that were left.
    pub async fn rest(mut self) -> Result<Vec<String>, String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}
