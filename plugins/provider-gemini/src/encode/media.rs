//! Pictures, sound and documents as parts.

use std::borrow::Cow;

use tollgate_neutral::{Source, Text, write};

/// Media types by the end of a name or an address.
const TYPES: [(&str, &str); 21] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("mp3", "audio/mp3"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("mp4", "video/mp4"),
    ("mov", "video/mov"),
    ("webm", "video/webm"),
    ("mpeg", "video/mpeg"),
];

/// How closely pictures are to be looked at: the whole request's, of all its pictures the closest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resolution {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// `low`.
    Low,
    /// `high`.
    High,
}

// === impl Resolution ===

impl Resolution {
    /// Takes a picture's `detail` into account.
    pub(super) fn look(&mut self, detail: Option<Text<'_>>) {
        let wanted = match detail.and_then(Text::decoded).as_deref() {
            Some("low") => Self::Low,
            Some("high") => Self::High,
            _ => Self::Unsaid,
        };
        *self = (*self).max(wanted);
    }

    /// Gemini's word.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Unsaid => None,
            Self::Low => Some("MEDIA_RESOLUTION_LOW"),
            Self::High => Some("MEDIA_RESOLUTION_HIGH"),
        }
    }
}

/// A part for a picture or a document. `name` is a file's, `otherwise` the media type if nothing
/// tells it.
pub(super) fn part(source: &Source<'_>, name: Option<&str>, otherwise: Option<&str>) -> String {
    match source {
        Source::Data { media_type, base64 } => {
            let named = Some(media_type.as_ref()).filter(|known| !known.is_empty());
            let found = named.or_else(|| name.and_then(of_name)).or(otherwise);
            inline(found.unwrap_or("application/octet-stream"), base64)
        }
        Source::Url(uri) | Source::Id(uri) => {
            let found = of_name(uri).or_else(|| name.and_then(of_name)).or(otherwise);
            write::object(|part| {
                part.object("fileData", |file| {
                    if let Some(media_type) = found {
                        file.text("mimeType", media_type);
                    }
                    file.text("fileUri", uri);
                });
            })
        }
    }
}

/// A part for sound. `format` is OpenAI's word, such as `wav`.
pub(super) fn sound(format: Text<'_>, base64: Text<'_>) -> String {
    let format = format.decoded().unwrap_or(Cow::Borrowed("wav"));
    write::object(|part| {
        part.object("inlineData", |blob| {
            blob.text("mimeType", &format!("audio/{format}"));
            blob.json("data", base64.json());
        });
    })
}

fn inline(media_type: &str, base64: &str) -> String {
    write::object(|part| {
        part.object("inlineData", |blob| {
            blob.text("mimeType", media_type);
            blob.text("data", base64);
        });
    })
}

fn of_name(name: &str) -> Option<&'static str> {
    let plain = name.split(['?', '#']).next().unwrap_or_default();
    let (_, end) = plain.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| end.eq_ignore_ascii_case(known)).map(|(_, found)| *found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_found_where_they_are_told() {
        let data = |media_type: &'static str| Source::Data {
            media_type: media_type.into(),
            base64: "AA==".into(),
        };
        let inline = |media_type: &str| {
            format!(r#"{{"inlineData":{{"mimeType":"{media_type}","data":"AA=="}}}}"#)
        };
        for (source, name, otherwise, expected) in [
            (data("image/png"), Some("x.pdf"), None, inline("image/png")),
            (data(""), Some("x.PDF"), None, inline("application/pdf")),
            (data(""), None, Some("image/jpeg"), inline("image/jpeg")),
            (data(""), Some("x"), None, inline("application/octet-stream")),
            (
                Source::Url("https://a.example/b.webp?c=.png#d".into()),
                None,
                None,
                r#"{"fileData":{"mimeType":"image/webp","fileUri":"https://a.example/b.webp?c=.png#d"}}"#
                    .into(),
            ),
            (
                Source::Id("files/abc".into()),
                None,
                None,
                r#"{"fileData":{"fileUri":"files/abc"}}"#.into(),
            ),
        ] {
            assert_eq!(part(&source, name, otherwise), expected);
        }
    }
}
