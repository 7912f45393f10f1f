//! Headers of a site's answers: who may frame them, what is set and removed, and cookies.

use super::address::ancestor;
use super::{PLANNED, Taken, claim, items};
use crate::config::{Cookies, Headers, SameSite};
use crate::mistake::shown;
use crate::reader::Field;

/// Headers that say how an answer is sent, or that another key is for.
const NOT_SETTABLE: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads `frame_ancestors`. None: absent.
pub(super) fn frame_ancestors(field: &Field<'_>) -> Option<Vec<String>> {
    if !field.is_present() {
        return None;
    }
    let list = items(field);
    let expected = "an origin such as https://wordpress.example.com or https://*.example.com, self \
                    or none";
    let ancestors: Vec<_> = list
        .iter()
        .filter_map(|item| {
            item.parsed(expected, |text| match text {
                // YAML takes the quotes that the header wants.
                "self" | "'self'" => Some("'self'".to_owned()),
                "none" | "'none'" => Some("'none'".to_owned()),
                origin => ancestor(origin),
            })
        })
        .collect();
    if ancestors.len() > 1 && ancestors.iter().any(|ancestor| ancestor == "'none'") {
        field.mistake("`none` stands alone or not at all");
    }
    Some(ancestors)
}

/// Reads `headers`.
pub(super) fn headers(field: &Field<'_>, is_framed: bool) -> Headers {
    let mut headers = Headers::default();
    let Some(mut section) = field.section() else { return headers };
    let set = section.take("set").section();
    let remove = section.take("remove").items();
    section.close(PLANNED);
    let mut taken = Taken::new();
    for (name, value) in set.iter().flat_map(|set| set.all()) {
        if !check_settable(name, &value, is_framed) {
            continue;
        }
        claim(&mut taken, &name.to_ascii_lowercase(), &value);
        let text = value.parsed("printable ASCII characters in one line", |text| {
            let is_plain = text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'));
            (is_plain && !text.is_empty()).then(|| text.to_owned())
        });
        headers.set.extend(text.map(|text| (name.to_owned(), text)));
    }
    for item in &remove {
        let name = item.parsed("the name of a header", |text| {
            is_token(text).then(|| text.to_ascii_lowercase())
        });
        let Some(name) = name else { continue };
        if NOT_SETTABLE.contains(&name.as_str()) && name != "set-cookie" {
            item.mistake(format!("`{name}` says how an answer is sent and cannot be removed"));
        }
        claim(&mut taken, &name, item);
        headers.remove.push(name);
    }
    headers
}

fn check_settable(name: &str, value: &Field<'_>, is_framed: bool) -> bool {
    let lower = name.to_ascii_lowercase();
    if !is_token(name) {
        value.mistake(format!("expected the name of a header, found `{}`", shown(name)));
    } else if NOT_SETTABLE.contains(&lower.as_str()) {
        value.mistake(format!("`{lower}` cannot be set: it says how an answer is sent"));
    } else if lower.starts_with("access-control-") {
        value.mistake("expected in `cors`, which answers each origin by itself");
    } else if lower == "x-frame-options" && is_framed {
        value.mistake("`frame_ancestors` takes its place; a browser must not be told both");
    } else {
        return true;
    }
    false
}

/// Reads `cookies`. None: absent, or nothing is changed.
pub(super) fn cookies(field: &Field<'_>) -> Option<Cookies> {
    let mut section = field.section()?;
    let same_site = section.take("same_site").parsed("strict, lax or none", |text| {
        match text.to_ascii_lowercase().as_str() {
            "strict" => Some(SameSite::Strict),
            "lax" => Some(SameSite::Lax),
            "none" => Some(SameSite::None),
            _ => None,
        }
    });
    let partitioned = section.take("partitioned").flag().unwrap_or(false);
    section.close(PLANNED);
    (same_site.is_some() || partitioned).then_some(Cookies { same_site, partitioned })
}

fn is_token(text: &str) -> bool {
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_token_byte)
}
