//! Pictures, films and documents as blocks.

use std::borrow::Cow;

use tollgate_neutral::{Source, write};

/// Characters of a document's name that Bedrock takes.
const NAME_CHARS_MAX: usize = 200;

/// Formats by media type and by the end of a name, and what kind of block they make.
const FORMATS: [(&str, &str, Kind); 23] = [
    ("image/png", "png", Kind::Image),
    ("image/jpeg", "jpeg", Kind::Image),
    ("image/jpg", "jpeg", Kind::Image),
    ("image/gif", "gif", Kind::Image),
    ("image/webp", "webp", Kind::Image),
    ("application/pdf", "pdf", Kind::Document),
    ("text/csv", "csv", Kind::Document),
    ("application/msword", "doc", Kind::Document),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
        Kind::Document,
    ),
    ("application/vnd.ms-excel", "xls", Kind::Document),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", Kind::Document),
    ("text/html", "html", Kind::Document),
    ("text/plain", "txt", Kind::Document),
    ("text/markdown", "md", Kind::Document),
    ("video/mp4", "mp4", Kind::Video),
    ("video/quicktime", "mov", Kind::Video),
    ("video/x-matroska", "mkv", Kind::Video),
    ("video/webm", "webm", Kind::Video),
    ("video/x-flv", "flv", Kind::Video),
    ("video/mpeg", "mpeg", Kind::Video),
    ("video/x-ms-wmv", "wmv", Kind::Video),
    ("video/3gpp", "three_gp", Kind::Video),
    ("image/pjpeg", "jpg", Kind::Image),
];

/// What kind of block a format makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Image,
    Document,
    Video,
}

/// A block. `name` is the file's, `number` tells documents without one apart. None: Bedrock fetches
/// nothing but from S3, or does not know the format.
pub(super) fn block(source: &Source<'_>, name: Option<&str>, number: usize) -> Option<String> {
    let (media_type, address) = match source {
        Source::Data { media_type, .. } => (media_type.as_ref(), ""),
        Source::Url(url) => ("", url.as_ref()),
        Source::Id(_) => return None,
    };
    if !address.is_empty() && !address.starts_with("s3://") {
        return None;
    }
    let (format, kind) = by_media_type(media_type)
        .or_else(|| name.and_then(by_ending))
        .or_else(|| by_ending(address))?;
    let member = match kind {
        Kind::Image => "image",
        Kind::Document => "document",
        Kind::Video => "video",
    };
    Some(write::object(|block| {
        block.object(member, |content| {
            content.text("format", format);
            if kind == Kind::Document {
                content.text("name", &plain_name(name, number));
            }
            content.object("source", |place| match source {
                Source::Data { base64, .. } => place.text("bytes", base64),
                Source::Url(url) | Source::Id(url) => {
                    place.object("s3Location", |location| location.text("uri", url));
                }
            });
        });
    }))
}

fn by_media_type(media_type: &str) -> Option<(&'static str, Kind)> {
    let found = FORMATS.iter().find(|(known, _, _)| media_type.eq_ignore_ascii_case(known));
    found.map(|(_, format, kind)| (if *format == "jpg" { "jpeg" } else { format }, *kind))
}

fn by_ending(name: &str) -> Option<(&'static str, Kind)> {
    let (_, ending) = name.rsplit_once('.')?;
    let found = FORMATS.iter().find(|(_, known, _)| ending.eq_ignore_ascii_case(known));
    found.map(|(_, format, kind)| (if *format == "jpg" { "jpeg" } else { format }, *kind))
}

/// The name without its ending, of the characters that Bedrock takes.
fn plain_name(name: Option<&str>, number: usize) -> Cow<'static, str> {
    let stem = name.map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || "-()[]".contains(c) { c } else { ' ' }
    };
    let plain: String = stem.unwrap_or_default().chars().map(kept).take(NAME_CHARS_MAX).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() { format!("document-{number}").into() } else { plain.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(media_type: &'static str) -> Source<'static> {
        Source::Data { media_type: media_type.into(), base64: "AA==".into() }
    }

    #[test]
    fn formats_are_found_and_make_their_blocks() {
        let document = |format: &str, name: &str| {
            Some(format!(
                r#"{{"document":{{"format":"{format}","name":"{name}","source":{{"bytes":"AA=="}}}}}}"#
            ))
        };
        for (source, name, expected) in [
            (
                data("image/jpg"),
                None,
                Some(r#"{"image":{"format":"jpeg","source":{"bytes":"AA=="}}}"#.to_owned()),
            ),
            (data("application/pdf"), Some("A_b: Ü  (1).pdf"), document("pdf", "A b (1)")),
            (data(""), Some("x.docx"), document("docx", "x")),
            (data("text/plain"), None, document("txt", "document-7")),
            (data("text/plain"), Some("…"), document("txt", "document-7")),
            (
                Source::Url("s3://bucket/a.JPG".into()),
                None,
                Some(
                    r#"{"image":{"format":"jpeg","source":{"s3Location":{"uri":"s3://bucket/a.JPG"}}}}"#
                        .to_owned(),
                ),
            ),
            (
                data("video/mp4"),
                None,
                Some(r#"{"video":{"format":"mp4","source":{"bytes":"AA=="}}}"#.to_owned()),
            ),
            (Source::Url("https://a.example/a.png".into()), None, None),
            (Source::Id("file-1".into()), Some("a.pdf"), None),
            (data("audio/wav"), None, None),
        ] {
            assert_eq!(block(&source, name, 7), expected, "{source:?}");
        }
        assert_eq!(plain_name(Some(&"x".repeat(500)), 1).len(), NAME_CHARS_MAX);
    }
}
