//! The parts of a message's content.

use std::borrow::Cow;

use serde_json::value::RawValue;
use tollgate_sdk::types::Failure;

use crate::failure::invalid;
use crate::object::{Object, array};
use crate::source::Source;
use crate::text::Text;

/// A part of a message's content. `rest` holds the part's members that the type does not name,
/// such as `cache_control`.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Words.
    Text {
        /// The words.
        text: Text<'a>,
        /// Other members.
        rest: Object<'a>,
    },
    /// The model's words of refusal, carried back.
    Refusal {
        /// The words.
        text: Text<'a>,
    },
    /// A picture.
    Image {
        /// Where it is.
        source: Source<'a>,
        /// How closely to look: `auto`, `low` or `high`.
        detail: Option<Text<'a>>,
        /// Other members.
        rest: Object<'a>,
    },
    /// Sound.
    Audio {
        /// Its bytes.
        base64: Text<'a>,
        /// Its format, such as `wav` or `mp3`.
        format: Text<'a>,
        /// Other members.
        rest: Object<'a>,
    },
    /// A document.
    File {
        /// Where it is.
        source: Source<'a>,
        /// What it is called.
        name: Option<Text<'a>>,
        /// Other members.
        rest: Object<'a>,
    },
    /// A part that OpenAI does not know; some provider may.
    Other {
        /// Its `type`.
        kind: Cow<'a, str>,
        /// The whole part.
        value: &'a RawValue,
    },
}

/// Reads a message's `content`: a text, a list of parts, or nothing. `at` is its place, such as
/// `messages[0].content`.
pub(crate) fn content<'a>(value: Option<&'a RawValue>, at: &str) -> Result<Vec<Part<'a>>, Failure> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    if let Some(text) = Text::of(value) {
        return Ok(vec![Part::Text { text, rest: Object::default() }]);
    }
    let parts = array(value)
        .ok_or_else(|| invalid(at, &format!("{at} must be a text or a list of parts.")))?;
    let mut content = Vec::with_capacity(parts.len());
    for (index, value) in parts.into_iter().enumerate() {
        let part = part(value).map_err(|wanted| {
            let at = format!("{at}[{index}]");
            invalid(&at, &format!("{at} must be {wanted}."))
        })?;
        content.push(part);
    }
    Ok(content)
}

/// Reads a part. An error says what it has to be.
fn part<'a>(value: &'a RawValue) -> Result<Part<'a>, &'static str> {
    if let Some(text) = Text::of(value) {
        return Ok(Part::Text { text, rest: Object::default() });
    }
    const OBJECT: &str = "an object with a `type`";
    let mut rest = Object::of(value).ok_or(OBJECT)?;
    let kind = rest.take_text("type").and_then(Text::decoded).ok_or(OBJECT)?;
    match kind.as_ref() {
        "text" => {
            let text = rest.take_text("text").ok_or("a part with a `text`")?;
            Ok(Part::Text { text, rest })
        }
        "refusal" => {
            let text = rest.take_text("refusal").ok_or("a part with a `refusal`")?;
            Ok(Part::Refusal { text })
        }
        "image_url" => image(rest).ok_or("a picture with a `url`: an address or base64 data"),
        "input_audio" => audio(rest).ok_or("sound with `data` and `format`"),
        "file" => file(rest).ok_or("a file with `file_data` (base64) or a `file_id`"),
        _ => Ok(Part::Other { kind, value }),
    }
}

fn image<'a>(mut rest: Object<'a>) -> Option<Part<'a>> {
    let value = rest.take("image_url")?;
    if let Some(url) = Text::of(value) {
        return Some(Part::Image { source: Source::of_url(url.decoded()?)?, detail: None, rest });
    }
    let mut image = Object::of(value)?;
    let source = Source::of_url(image.take_text("url")?.decoded()?)?;
    Some(Part::Image {
        source: with_media_type(source, image.text("format")),
        detail: image.take_text("detail"),
        rest,
    })
}

fn audio<'a>(mut rest: Object<'a>) -> Option<Part<'a>> {
    let mut audio = rest.take("input_audio").and_then(Object::of)?;
    let base64 = audio.take_text("data")?;
    let format = audio.take_text("format")?;
    Some(Part::Audio { base64, format, rest })
}

fn file<'a>(mut rest: Object<'a>) -> Option<Part<'a>> {
    let mut file = rest.take("file").and_then(Object::of)?;
    let name = file.take_text("filename");
    let source = if let Some(data) = file.take_text("file_data") {
        Source::of_data(data.decoded()?)?
    } else if let Some(url) = file.take_text("file_url") {
        Source::of_url(url.decoded()?)?
    } else {
        match Source::of_url(file.take_text("file_id")?.decoded()?)? {
            // An id may be an address: clients of gateways send it so.
            Source::Url(id) if !id.contains("://") => Source::Id(id),
            source => source,
        }
    };
    Some(Part::File { source: with_media_type(source, file.text("format")), name, rest })
}

/// The media type that a client names beside data counts where the data has none of its own.
fn with_media_type<'a>(source: Source<'a>, named: Option<Cow<'a, str>>) -> Source<'a> {
    match (source, named) {
        (Source::Data { media_type, base64 }, Some(named)) if media_type.is_empty() => {
            Source::Data { media_type: named, base64 }
        }
        (source, _) => source,
    }
}
