//! What keeps requests out of a location other than its path.

use super::scope::Scope;
use crate::parser::Directive;

/// The first directive by which nginx lets only some requests into a location.
pub(crate) fn guard<'a>(location: &Scope<'a>) -> Option<&'a Directive> {
    let by_name = ["auth_basic", "auth_request", "auth_jwt", "auth_digest", "secure_link", "deny"];
    let inherited = by_name.iter().find_map(|name| {
        let held = location.nearest(name);
        held.into_iter().find(|directive| directive.arg(0) != "off")
    });
    let own = ["internal", "limit_except"].iter().find_map(|name| location.own(name).next());
    let condition = || {
        let mut conditions = location.all("if").into_iter();
        conditions.find(|condition| condition.inside().iter().any(refuses))
    };
    inherited.or(own).or_else(condition)
}

/// Whether a location lets nobody in.
pub(crate) fn is_closed(location: &Directive) -> bool {
    location.inside().iter().any(|inner| refuses(inner) || inner.name == "internal")
}

/// Whether a directive refuses every request that reaches it.
fn refuses(directive: &Directive) -> bool {
    match directive.name.as_str() {
        "return" => matches!(directive.arg(0), "401" | "403" | "404" | "405" | "410" | "444"),
        "deny" => directive.arg(0) == "all",
        _ => false,
    }
}
