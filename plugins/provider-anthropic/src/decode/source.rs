//! The sources that an answer names.

use tollgate_neutral::{Object, write};

/// A source of the text between two places of the choice's text, in characters. One with an
/// address becomes OpenAI's annotation; any other stays Anthropic's object.
pub(super) fn citation(json: &str, start: u64, end: u64) -> String {
    let source = Object::parse(json).unwrap_or_default();
    let Some(url) = source.get("url") else {
        return json.to_owned();
    };
    write::object(|o| {
        o.text("type", "url_citation");
        o.object("url_citation", |o| {
            o.raw("url", url);
            match source.get("title") {
                Some(title) => o.raw("title", title),
                None => o.text("title", ""),
            }
            o.count("start_index", start);
            o.count("end_index", end);
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_annotations_and_places_in_documents_stay() {
        assert_eq!(
            citation(r#"{"type":"web_search_result_location","url":"u","title":"t"}"#, 3, 9),
            r#"{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":3,"end_index":9}}"#
        );
        let place = r#"{"type":"page_location","document_index":0}"#;
        assert_eq!(citation(place, 3, 9), place);
    }
}
