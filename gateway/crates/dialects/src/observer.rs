//! What is seen of an answer that passes through in the provider's own dialect: a count of what
//! arrived, in case no usage is reported, and where the stream stands.

mod openai_chat;
mod typed;

use bytes::Bytes;
use tollgate_domain::{Dialect, Document, DocumentError, Observed, Usage};

/// English text has about four bytes a token; only used where no report came.
const BYTES_PER_TOKEN: u64 = 4;

/// Watches one answer.
#[derive(Debug)]
pub struct Observer {
    dialect: Dialect,
    reported: Option<Usage>,
    count: Count,
}

/// What was counted.
#[derive(Debug, Default)]
struct Count {
    /// Output tokens: each piece of text is one, or its bytes by four if that is more.
    tokens: u64,
    began: bool,
    /// Choices that have begun and not finished; whether any has finished.
    open_choices: Vec<u64>,
    finished: bool,
}

/// What an event of a stream is.
#[derive(Debug)]
pub enum Seen {
    /// A comment, which keeps the connection alive. Passes.
    Blank,
    /// `[DONE]`: the stream is whole.
    Done,
    /// A part of the answer. Passes.
    Part(Document),
    /// Nothing but what was used. Passes if the client asked for it.
    UsageOnly(Document),
    /// The provider's error. The stream has failed.
    Error(Document),
    /// The event after which the stream is whole. Passes last.
    Last(Document),
}

/// Kinds of events that have data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Part,
    UsageOnly,
    Error,
    Last,
}

// === impl Observer ===

impl Observer {
    /// Watches an answer of this dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, reported: None, count: Count::default() }
    }

    /// Looks at the data of a stream's event. An error is for data that is no JSON object.
    pub fn event(&mut self, data: &Bytes) -> Result<Seen, DocumentError> {
        if data.is_empty() {
            return Ok(Seen::Blank);
        }
        if data.trim_ascii() == b"[DONE]" {
            self.count.finished = true;
            self.count.open_choices.clear();
            return Ok(Seen::Done);
        }
        let document = Document::parse(data.clone())?;
        let kind = match self.dialect {
            Dialect::OpenaiChat | Dialect::OpenaiCompletions => {
                openai_chat::event(&document, &mut self.count)
            }
            Dialect::AnthropicMessages => typed::messages_event(&document, &mut self.count),
            Dialect::OpenaiResponses => typed::responses_event(&document, &mut self.count),
            Dialect::AnthropicCountTokens
            | Dialect::OpenaiEmbeddings
            | Dialect::Rerank
            | Dialect::OpenaiModerations
            | Dialect::OpenaiImages
            | Dialect::OpenaiSpeech
            | Dialect::OpenaiTranscriptions => typed::silent_event(&document, &mut self.count),
        };
        Ok(match kind {
            Kind::Part => Seen::Part(document),
            Kind::UsageOnly => Seen::UsageOnly(document),
            Kind::Error => Seen::Error(document),
            Kind::Last => Seen::Last(document),
        })
    }

    /// Counts an answer that arrived whole.
    pub fn whole(&mut self, document: &Document) {
        match self.dialect {
            Dialect::OpenaiChat | Dialect::OpenaiCompletions => {
                openai_chat::event(document, &mut self.count);
            }
            Dialect::AnthropicMessages => typed::whole(document, "content", &mut self.count),
            Dialect::OpenaiResponses => typed::whole(document, "output", &mut self.count),
            Dialect::AnthropicCountTokens
            | Dialect::OpenaiEmbeddings
            | Dialect::Rerank
            | Dialect::OpenaiModerations
            | Dialect::OpenaiImages
            | Dialect::OpenaiSpeech
            | Dialect::OpenaiTranscriptions => self.count.began = true,
        }
    }

    /// Takes what the provider reports. Reports are joined: the larger of each figure counts.
    pub fn report(&mut self, usage: Usage) {
        let known = self.reported.unwrap_or_default();
        self.reported = Some(Usage {
            input: known.input.max(usage.input),
            output: known.output.max(usage.output),
            cached_input: known.cached_input.max(usage.cached_input),
            cache_write: known.cache_write.max(usage.cache_write),
            reasoning: known.reasoning.max(usage.reasoning),
            audio_input: known.audio_input.max(usage.audio_input),
            audio_output: known.audio_output.max(usage.audio_output),
        });
    }

    /// Whether a stream that ends now is whole, though its last words may be missing: every choice
    /// that began has its finish reason.
    pub fn is_finished(&self) -> bool {
        self.count.finished && self.count.open_choices.is_empty()
    }

    /// What the call used; `prompt_bytes` is the length of its input.
    pub fn observed(&self, prompt_bytes: u64) -> Observed {
        match self.reported {
            // Anthropic reports once before any text: if the stream is cut, that is too little.
            Some(usage)
                if self.dialect == Dialect::AnthropicMessages
                    && !self.is_finished()
                    && usage.output < self.count.tokens =>
            {
                Observed::Estimated(Usage { output: self.count.tokens, ..usage })
            }
            Some(usage) => Observed::Reported(usage),
            None if self.count.began => Observed::Estimated(self.estimate(prompt_bytes)),
            None => Observed::Nothing,
        }
    }

    /// The count so far.
    pub fn estimate(&self, prompt_bytes: u64) -> Usage {
        let input = prompt_bytes.div_ceil(BYTES_PER_TOKEN);
        Usage { input, output: self.count.tokens, ..Usage::default() }
    }
}

/// What ends a stream that is whole but lacks its dialect's last words.
pub fn closing_words(dialect: Dialect) -> &'static [u8] {
    match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiCompletions => b"data: [DONE]\n\n",
        Dialect::AnthropicMessages => b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        Dialect::OpenaiResponses
        | Dialect::AnthropicCountTokens
        | Dialect::OpenaiEmbeddings
        | Dialect::Rerank
        | Dialect::OpenaiModerations
        | Dialect::OpenaiImages
        | Dialect::OpenaiSpeech
        | Dialect::OpenaiTranscriptions => b"",
    }
}

// === impl Count ===

impl Count {
    /// A piece of this many bytes.
    fn piece(&mut self, bytes: usize) {
        self.tokens += u64::from(bytes > 0).max(bytes as u64 / BYTES_PER_TOKEN);
    }
}

#[cfg(test)]
mod tests;
