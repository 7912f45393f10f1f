//! Blocks of Anthropic's contents as parts of neutral ones.

use crate::json::{Kind, Members, Object, Text, array, kind, object, string};
use crate::place::{Place, Unreadable};
use crate::request::content::{Content, Part, data_url, with_rest};
use crate::request::draft::Draft;

/// A content: a string, or blocks.
pub(super) fn content<'a>(
    text: &'a str,
    place: &Place<'_>,
    draft: &mut Draft,
) -> Result<Content<'a>, Unreadable> {
    let mut content = Content::default();
    if kind(text) == Kind::String {
        content.0.push(Part::Plain(string(text, place)?));
        return Ok(content);
    }
    if kind(text) != Kind::Array {
        return Err(place.must_be("a string or an array"));
    }
    for (at, block) in array(text, place)?.into_iter().enumerate() {
        let place = place.index(at);
        let members = Object::parse(block, &place)?;
        push((block, members), &place, &mut content, draft)?;
    }
    Ok(content)
}

/// Adds what a block becomes. A block of a kind that is not known stays as it is: whoever cannot
/// carry it will say so.
pub(super) fn push<'a>(
    (text, mut block): (&'a str, Object<'a>),
    place: &Place<'_>,
    content: &mut Content<'a>,
    draft: &mut Draft,
) -> Result<(), Unreadable> {
    match block.need_string("type", place)?.as_ref() {
        "text" => {
            let words = block.need_string("text", place)?;
            content.0.push(match block.is_empty() {
                true => Part::Plain(words),
                false => Part::Other(Text::of_json(text)),
            });
        }
        "image" => content.0.push(image(block, place, draft)?),
        "document" => document(block, place, content, draft)?,
        _ => content.0.push(Part::Other(Text::of_json(text))),
    }
    Ok(())
}

fn source<'a>(block: &mut Object<'a>, place: &Place<'_>) -> Result<Object<'a>, Unreadable> {
    let here = place.member("source");
    Object::parse(block.take("source").ok_or_else(|| here.must_be("an object"))?, &here)
}

fn image(
    mut block: Object<'_>,
    place: &Place<'_>,
    draft: &mut Draft,
) -> Result<Part<'static>, Unreadable> {
    let mut source = source(&mut block, place)?;
    let here = place.member("source");
    let part = match source.need_string("type", &here)?.as_ref() {
        "base64" => image_part(&data_url(
            &source.need_string("media_type", &here)?,
            &source.need_string("data", &here)?,
        )),
        "url" => image_part(&source.need_string("url", &here)?),
        "file" => file_part(&object! { "file_id": source.need_string("file_id", &here)? }),
        _ => return Err(here.member("type").must_be("'base64', 'url' or 'file'")),
    };
    draft.drop_rest(&source, &here);
    Ok(with_rest(part, &block))
}

fn image_part(url: &str) -> Members {
    let mut part = Members::new();
    part.put("type", "image_url");
    part.put("image_url", &object! { "url": url });
    part
}

fn file_part(file: &Text) -> Members {
    let mut part = Members::new();
    part.put("type", "file");
    part.put("file", file);
    part
}

fn document<'a>(
    mut block: Object<'a>,
    place: &Place<'_>,
    content: &mut Content<'a>,
    draft: &mut Draft,
) -> Result<(), Unreadable> {
    let mut source = source(&mut block, place)?;
    let here = place.member("source");
    let part = match source.need_string("type", &here)?.as_ref() {
        "base64" => {
            let media_type = source.need_string("media_type", &here)?;
            let data = data_url(&media_type, &source.need_string("data", &here)?);
            let name = block.take_string("title", place)?.unwrap_or("document.pdf".into());
            file_part(&object! { "filename": name, "file_data": data })
        }
        "url" => file_part(&named(&mut block, place, "file_url", &mut source)?),
        "file" => file_part(&named(&mut block, place, "file_id", &mut source)?),
        "text" => {
            let _plain = source.take("media_type");
            let mut part = Members::new();
            part.put("type", "text");
            part.put("text", &source.need_string("data", &here)?);
            part
        }
        "content" => {
            let inner = nested(&mut source, &here, draft)?;
            draft.drop_rest(&source, &here);
            add_nested(inner, &block, content);
            return Ok(());
        }
        _ => return Err(here.member("type").must_be("a known kind of source")),
    };
    draft.drop_rest(&source, &here);
    content.0.push(with_rest(part, &block));
    Ok(())
}

/// A file that is elsewhere, under its title.
fn named(
    block: &mut Object<'_>,
    place: &Place<'_>,
    name: &str,
    source: &mut Object<'_>,
) -> Result<Text, Unreadable> {
    let from = if name == "file_url" { "url" } else { name };
    let mut file = Members::new();
    file.put_some("filename", block.take_string("title", place)?);
    file.put(name, &source.need_string(from, &place.member("source"))?);
    Ok(file.end())
}

/// A document that is a content itself.
fn nested<'a>(
    source: &mut Object<'a>,
    place: &Place<'_>,
    draft: &mut Draft,
) -> Result<Content<'a>, Unreadable> {
    let here = place.member("content");
    let text = source.take("content").ok_or_else(|| here.must_be("a string or an array"))?;
    content(text, &here, draft)
}

/// Adds its parts. What its block says beside goes with the first of them that is plain.
fn add_nested<'a>(inner: Content<'a>, block: &Object<'a>, into: &mut Content<'a>) {
    let mut parts = inner.0.into_iter();
    if let Some(first) = parts.next() {
        into.0.push(match first {
            Part::Plain(words) if !block.is_empty() => {
                let mut part = Members::new();
                part.put("type", "text");
                part.put("text", &words);
                with_rest(part, block)
            }
            other => other,
        });
    }
    into.0.extend(parts);
}
