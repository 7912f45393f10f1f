//! The parts of a message as Anthropic's blocks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use tollgate_neutral::write::{self, ObjectWriter};
use tollgate_neutral::{Loss, Object, Part, Source, Text, invalid};
use tollgate_sdk::types::Failure;

/// The member that says up to where a prompt is to be cached.
pub(super) const CACHE_CONTROL: &str = "cache_control";

/// Types of blocks of Anthropic's own that clients put among OpenAI's parts.
const OWN_BLOCKS: [&str; 6] =
    ["document", "image", "search_result", "container_upload", "thinking", "redacted_thinking"];

/// JSON bytes up to which a text is looked at for being blank.
const BLANK_BYTES_MAX: usize = 64;

/// Where a part stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The message's index.
    pub(super) message: usize,
    /// The part's index within its content.
    pub(super) part: usize,
}

/// Blocks of a message, written.
#[derive(Debug, Default)]
pub(super) struct Blocks<'a> {
    written: Vec<String>,
    /// What the message says of caching; it belongs to the last block.
    cache: Option<&'a RawValue>,
    names_files: bool,
}

// === impl Place ===

impl Place {
    /// The part is not what it has to be.
    pub(super) fn refuse(self, wanted: &str) -> Failure {
        let Self { message, part } = self;
        let at = format!("messages[{message}].content[{part}]");
        invalid(&at, &format!("Anthropic takes only {wanted}, so {at} cannot be carried."))
    }
}

// === impl Blocks ===

impl<'a> Blocks<'a> {
    /// No blocks yet.
    pub(super) fn new(cache: Option<&'a RawValue>) -> Self {
        Self { cache, ..Self::default() }
    }

    /// Whether a block names a file that was uploaded before.
    pub(super) fn names_files(&self) -> bool {
        self.names_files
    }

    /// Counts such a block of another list in.
    pub(super) fn note_files(&mut self, names_files: bool) {
        self.names_files |= names_files;
    }

    /// Adds a block that is written already.
    pub(super) fn push(&mut self, block: String) {
        self.written.push(block);
    }

    /// Adds a part.
    pub(super) fn part(
        &mut self,
        part: &Part<'a>,
        place: Place,
        loss: &mut Loss,
    ) -> Result<(), Failure> {
        match part {
            Part::Text { text, rest } => self.words(*text, rest),
            Part::Refusal { text } => self.words(*text, &Object::default()),
            Part::Image { source, detail, rest } => {
                let hint = detail.and_then(Text::decoded);
                if hint.is_some_and(|hint| hint != "auto") {
                    loss.drop("messages[].content[].image_url.detail")?;
                }
                self.image(source, rest, place)?;
            }
            Part::File { source, name, rest } => self.document(source, *name, rest, place)?,
            Part::Audio { .. } => return Err(place.refuse("text, pictures and documents")),
            Part::Other { kind, value } if OWN_BLOCKS.contains(&kind.as_ref()) => {
                self.push(value.get().to_owned());
            }
            Part::Other { .. } => return Err(place.refuse("text, pictures and documents")),
        }
        Ok(())
    }

    /// Adds words. Blank ones are left out: Anthropic takes none, and they say nothing.
    pub(super) fn words(&mut self, words: Text<'_>, rest: &Object<'_>) {
        let is_short = words.json().len() <= BLANK_BYTES_MAX;
        if !is_short || words.decoded().is_none_or(|words| !words.trim().is_empty()) {
            self.push(text(words.json(), Some(rest)));
        }
    }

    fn image(
        &mut self,
        source: &Source<'_>,
        rest: &Object<'_>,
        place: Place,
    ) -> Result<(), Failure> {
        if matches!(source, Source::Data { media_type, .. } if media_type.is_empty()) {
            return Err(place.refuse("pictures whose data names its media type"));
        }
        self.sourced("image", source, rest, |_| ());
        Ok(())
    }

    fn document(
        &mut self,
        source: &Source<'_>,
        name: Option<Text<'_>>,
        rest: &Object<'_>,
        place: Place,
    ) -> Result<(), Failure> {
        let title = |o: &mut ObjectWriter<'_>| {
            if let Some(name) = name {
                o.json("title", name.json());
            }
        };
        match source {
            Source::Data { media_type, .. } if media_type.starts_with("image/") => {
                self.sourced("image", source, rest, |_| ());
            }
            Source::Data { media_type, base64 } if media_type.starts_with("text/") => {
                let text = STANDARD.decode(base64.as_bytes()).ok();
                let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
                let text = text.ok_or_else(|| place.refuse("text files in UTF-8, as base64"))?;
                self.push(plain_document(&text, title, rest));
            }
            // A file whose type nobody names is most often this.
            Source::Data { media_type, base64 } if media_type.is_empty() => {
                let source = Source::Data {
                    media_type: "application/pdf".into(),
                    base64: base64.as_ref().into(),
                };
                self.sourced("document", &source, rest, title);
            }
            Source::Data { media_type, .. } if media_type != "application/pdf" => {
                return Err(place.refuse("documents of PDF and text"));
            }
            source => self.sourced("document", source, rest, title),
        }
        Ok(())
    }

    fn sourced(
        &mut self,
        kind: &str,
        source: &Source<'_>,
        rest: &Object<'_>,
        more: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.names_files |= matches!(source, Source::Id(_));
        self.push(write::object(|o| {
            o.text("type", kind);
            o.object("source", |o| put_source(source, o));
            more(o);
            rest.iter().for_each(|(name, value)| o.raw(name, value));
        }));
    }

    /// The blocks; the last one says what the message says of caching.
    pub(super) fn into_written(mut self) -> Vec<String> {
        if let (Some(cache), Some(last)) = (self.cache, self.written.last_mut())
            && let Some(block) = Object::parse(last)
        {
            let with_cache = write::object(|o| {
                let own = block.iter().filter(|(name, _)| *name != CACHE_CONTROL);
                own.for_each(|(name, value)| o.raw(name, value));
                o.raw(CACHE_CONTROL, cache);
            });
            *last = with_cache;
        }
        self.written
    }
}

/// A block of words, given as JSON text.
pub(super) fn text(json: &str, rest: Option<&Object<'_>>) -> String {
    write::object(|o| {
        o.text("type", "text");
        o.json("text", json);
        if let Some(rest) = rest {
            rest.iter().for_each(|(name, value)| o.raw(name, value));
        }
    })
}

fn plain_document(
    text: &str,
    title: impl FnOnce(&mut ObjectWriter<'_>),
    rest: &Object<'_>,
) -> String {
    write::object(|o| {
        o.text("type", "document");
        o.object("source", |o| {
            o.text("type", "text");
            o.text("media_type", "text/plain");
            o.text("data", text);
        });
        title(o);
        rest.iter().for_each(|(name, value)| o.raw(name, value));
    })
}

fn put_source(source: &Source<'_>, o: &mut ObjectWriter<'_>) {
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

/// The id of a tool's call. Anthropic takes letters, digits, `_` and `-`; another provider that a
/// conversation was with before may have used more.
pub(super) fn id(id: Text<'_>) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let id = id.decoded().unwrap_or_default();
    id.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}
