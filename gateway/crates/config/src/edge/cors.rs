//! Which pages elsewhere may call: what a site says, or the environment for sites that do not.

use super::address::origin;
use super::{PLANNED, claim};
use crate::config::Cors;
use crate::mistake::Mistake;
use crate::reader::Field;

/// LiteLLM's variable: origins with commas between them.
const VARIABLE: &str = "LITELLM_CORS_ORIGINS";
const EXPECTED: &str = "an origin such as https://app.example.com, without a path, or `*` for all";

/// Reads a site's `cors`. None: absent.
pub(super) fn read(field: &Field<'_>) -> Option<Cors> {
    let mut section = field.section()?;
    let list = section.take("origins").required().items();
    let allowed = section.take("credentials");
    let credentials = allowed.flag().unwrap_or(false);
    let max_age = section.take("max_age").duration();
    section.close(PLANNED);
    let mut taken = super::Taken::new();
    let mut origins = Vec::with_capacity(list.len());
    for item in &list {
        let Some(origin) = item.parsed(EXPECTED, allowed_origin) else { continue };
        claim(&mut taken, &origin, item);
        origins.push(origin);
    }
    if credentials && origins.iter().any(|origin| origin == "*") {
        allowed.mistake("expected named origins: with `*` any page could act as its visitors");
    }
    Some(Cors { origins, credentials, max_age })
}

/// What the environment says. None: nothing.
pub(crate) fn of_environment(root: &Field<'_>) -> Option<Cors> {
    let source = root.source();
    let text = source.env.get(VARIABLE)?;
    let mut origins = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match allowed_origin(item) {
            Some(origin) => origins.push(origin),
            None => source.log.mistake(Mistake {
                file: "environment".to_owned(),
                line: 0,
                path: VARIABLE.to_owned(),
                message: format!("expected {EXPECTED}, with commas between them"),
            }),
        }
    }
    Some(Cors { origins, ..Cors::default() })
}

fn allowed_origin(text: &str) -> Option<String> {
    if text == "*" { Some(text.to_owned()) } else { origin(text) }
}
