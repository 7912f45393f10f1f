//! The parts of a message's content as blocks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tollgate_neutral::{Loss, Object, Part, Source, Text, invalid};
use tollgate_sdk::types::Failure;

use super::blocks::{Block, Kind};

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

// === impl Place ===

impl Place {
    /// The part is not what it has to be.
    pub(super) fn refuse(self, wanted: &str) -> Failure {
        let Self { message, part } = self;
        let at = format!("messages[{message}].content[{part}]");
        invalid(&at, &format!("Anthropic takes only {wanted}, so {at} cannot be carried."))
    }
}

/// The blocks of a message's content.
pub(super) fn blocks<'a>(
    content: &[Part<'a>],
    message: usize,
    loss: &mut Loss,
) -> Result<Vec<Block<'a>>, Failure> {
    let mut blocks = Vec::with_capacity(content.len());
    for (index, part) in content.iter().enumerate() {
        blocks.extend(block(part, Place { message, part: index }, loss)?);
    }
    Ok(blocks)
}

/// Words, unless they are blank: Anthropic takes no blank ones, and they say nothing.
pub(super) fn words(text: Text<'_>) -> Option<Kind<'_>> {
    let is_short = text.json().len() <= BLANK_BYTES_MAX;
    let is_blank = is_short && text.decoded().is_some_and(|words| words.trim().is_empty());
    (!is_blank).then_some(Kind::Words(text))
}

fn block<'a>(part: &Part<'a>, place: Place, loss: &mut Loss) -> Result<Option<Block<'a>>, Failure> {
    let (kind, rest) = match part {
        Part::Text { text, rest } => (words(*text), rest.clone()),
        Part::Refusal { text } => (words(*text), Object::default()),
        Part::Image { source, detail, rest } => {
            let hint = detail.and_then(Text::decoded);
            if hint.is_some_and(|hint| hint != "auto") {
                loss.drop("messages[].content[].image_url.detail")?;
            }
            (Some(image(source, place)?), rest.clone())
        }
        Part::File { source, name, rest } => (Some(document(source, *name, place)?), rest.clone()),
        Part::Other { kind, value } if OWN_BLOCKS.contains(&kind.as_ref()) => {
            (Object::of(value).map(Kind::Own), Object::default())
        }
        Part::Audio { .. } | Part::Other { .. } => {
            return Err(place.refuse("text, pictures and documents"));
        }
    };
    Ok(kind.map(|kind| Block { kind, rest, cache: None }))
}

fn image<'a>(source: &Source<'a>, place: Place) -> Result<Kind<'a>, Failure> {
    if matches!(source, Source::Data { media_type, .. } if media_type.is_empty()) {
        return Err(place.refuse("pictures whose data names its media type"));
    }
    Ok(Kind::Image(source.clone()))
}

fn document<'a>(
    source: &Source<'a>,
    title: Option<Text<'a>>,
    place: Place,
) -> Result<Kind<'a>, Failure> {
    let Source::Data { media_type, base64 } = source else {
        return Ok(Kind::Document { source: source.clone(), title });
    };
    match media_type.as_ref() {
        image if image.starts_with("image/") => Ok(Kind::Image(source.clone())),
        text if text.starts_with("text/") => {
            let text = STANDARD.decode(base64.as_bytes()).ok();
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(|| place.refuse("text files in UTF-8, as base64"))?;
            Ok(Kind::PlainDocument { text, title })
        }
        // A file whose type nobody names is most often this.
        "" | "application/pdf" => {
            let media_type = "application/pdf".into();
            let source = Source::Data { media_type, base64: base64.clone() };
            Ok(Kind::Document { source, title })
        }
        _ => Err(place.refuse("documents of PDF and text")),
    }
}
