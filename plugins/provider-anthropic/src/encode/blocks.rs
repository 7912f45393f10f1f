//! Blocks: what Anthropic's messages are made of.

use serde_json::value::RawValue;
use tollgate_neutral::write::ObjectWriter;
use tollgate_neutral::{Object, Source, Text};

/// The member that says up to where a prompt is to be cached.
pub(super) const CACHE_CONTROL: &str = "cache_control";

/// A block. It holds what the client wrote and is written once, into the body: a picture of some
/// megabytes must not be copied on the way.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// What it is.
    pub(super) kind: Kind<'a>,
    /// Its other members, as the client wrote them.
    pub(super) rest: Object<'a>,
    /// What its message says of caching. Counts before the block's own word.
    pub(super) cache: Option<&'a RawValue>,
}

/// What a block is.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// Words.
    Words(Text<'a>),
    /// Words of ours.
    Wish(&'static str),
    /// A picture.
    Image(Source<'a>),
    /// A document that Anthropic reads.
    Document {
        /// Where it is.
        source: Source<'a>,
        /// What it is called.
        title: Option<Text<'a>>,
    },
    /// A document of plain text.
    PlainDocument {
        /// The text.
        text: String,
        /// What it is called.
        title: Option<Text<'a>>,
    },
    /// Reasoning, with its proof.
    Thinking {
        /// The words.
        text: Text<'a>,
        /// The proof.
        signature: Text<'a>,
    },
    /// Reasoning that only Anthropic can read.
    Sealed(Text<'a>),
    /// A call of a tool.
    ToolUse {
        /// Its id.
        id: String,
        /// The tool's name.
        name: Text<'a>,
        /// The arguments: the JSON text of an object.
        input: String,
    },
    /// What a tool gave.
    ToolResult {
        /// The call's id.
        id: String,
        /// What it gave.
        content: Given<'a>,
    },
    /// A block of Anthropic's own, as the client wrote it.
    Own(Object<'a>),
}

/// What a tool gave.
#[derive(Debug)]
pub(super) enum Given<'a> {
    /// Nothing.
    Nothing,
    /// Words.
    Words(Text<'a>),
    /// Blocks.
    Blocks(Vec<Block<'a>>),
}

// === impl Block ===

impl<'a> Block<'a> {
    /// A block that has no other members.
    pub(super) fn of(kind: Kind<'a>) -> Self {
        Self { kind, rest: Object::default(), cache: None }
    }

    /// Whether it names a file that was uploaded before.
    pub(super) fn names_file(&self) -> bool {
        match &self.kind {
            Kind::Image(source) | Kind::Document { source, .. } => matches!(source, Source::Id(_)),
            Kind::ToolResult { content: Given::Blocks(blocks), .. } => {
                blocks.iter().any(Block::names_file)
            }
            _ => false,
        }
    }

    /// Writes its members.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        self.kind.write(o);
        let is_kept = |name: &str| name != CACHE_CONTROL || self.cache.is_none();
        let rest = self.rest.iter().filter(|(name, _)| is_kept(name));
        rest.for_each(|(name, value)| o.raw(name, value));
        if let Some(cache) = self.cache {
            o.raw(CACHE_CONTROL, cache);
        }
    }
}

// === impl Kind ===

impl Kind<'_> {
    fn write(&self, o: &mut ObjectWriter<'_>) {
        match self {
            Self::Words(text) => {
                o.text("type", "text");
                o.json("text", text.json());
            }
            Self::Wish(text) => {
                o.text("type", "text");
                o.text("text", text);
            }
            Self::Image(source) => {
                o.text("type", "image");
                o.object("source", |o| write_source(source, o));
            }
            Self::Document { source, title } => {
                o.text("type", "document");
                o.object("source", |o| write_source(source, o));
                title.iter().for_each(|title| o.json("title", title.json()));
            }
            Self::PlainDocument { text, title } => {
                o.text("type", "document");
                o.object("source", |o| {
                    o.text("type", "text");
                    o.text("media_type", "text/plain");
                    o.text("data", text);
                });
                title.iter().for_each(|title| o.json("title", title.json()));
            }
            Self::Thinking { text, signature } => {
                o.text("type", "thinking");
                o.json("thinking", text.json());
                o.json("signature", signature.json());
            }
            Self::Sealed(data) => {
                o.text("type", "redacted_thinking");
                o.json("data", data.json());
            }
            Self::ToolUse { id, name, input } => {
                o.text("type", "tool_use");
                o.text("id", id);
                o.json("name", name.json());
                o.json("input", input);
            }
            Self::ToolResult { id, content } => {
                o.text("type", "tool_result");
                o.text("tool_use_id", id);
                content.write(o);
            }
            Self::Own(members) => members.iter().for_each(|(name, value)| o.raw(name, value)),
        }
    }
}

// === impl Given ===

impl Given<'_> {
    fn write(&self, o: &mut ObjectWriter<'_>) {
        match self {
            Self::Nothing => (),
            Self::Words(text) => o.json("content", text.json()),
            Self::Blocks(blocks) => o.array("content", |a| {
                blocks.iter().for_each(|block| a.object(|o| block.write(o)));
            }),
        }
    }
}

fn write_source(source: &Source<'_>, o: &mut ObjectWriter<'_>) {
    match source {
        Source::Data { media_type, base64 } => {
            o.text("type", "base64");
            o.text("media_type", media_type);
            o.text("data", base64);
        }
        Source::Url(url) => {
            o.text("type", "url");
            o.text("url", url);
        }
        Source::Id(id) => {
            o.text("type", "file");
            o.text("file_id", id);
        }
    }
}
