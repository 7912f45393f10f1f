//! `edge`: listeners, sites and limits.

mod address;
mod cors;
mod limits;
mod listener;
mod policy;
mod route;
mod site;
mod tls;

use std::collections::HashMap;

pub(crate) use cors::of_environment as cors_of_environment;

use crate::config::{Challenge, Cors, Edge, Listener};
use crate::mistake::shown;
use crate::reader::Field;
use crate::section::{Fate, Known};

/// Keys that other servers have and this one has not. They are mistakes, so that nobody counts on a
/// protection that is not there.
const PLANNED: &[Known] = &[Known {
    fate: Fate::Refused,
    reason: "not supported yet",
    keys: &[
        "redirect",
        "http3",
        "min_version",
        "ocsp",
        "content_security_policy",
        "hsts",
        "websocket",
        "rewrite",
        "strip_prefix",
        "rate_limit",
        "allow",
        "deny",
        "basic_auth",
        "access_log",
        "cache",
        "methods",
    ],
}];

/// Names and addresses that were used, with the line of each.
type Taken = HashMap<String, usize>;

/// Reads the section. None: absent. Sites that say nothing of CORS have what the environment says.
pub(crate) fn read(field: &Field<'_>, cors: Option<&Cors>) -> Option<Edge> {
    let mut section = field.section()?;
    let rows = items(&section.take("listeners"));
    let sites = section.take("sites").items();
    let limits = limits::read(&section.take("limits"));
    section.close(PLANNED);
    let mut addresses = Taken::new();
    let listeners: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row, listener::read(row.section()?, &mut addresses)?)))
        .collect();
    check_together(&listeners);
    let listeners = listeners.into_iter().map(|(_, listener)| listener).collect();
    let mut hosts = Taken::new();
    let mut sites: Vec<_> =
        sites.iter().filter_map(|row| Some(site::read(row.section()?, &mut hosts))).collect();
    for site in sites.iter_mut().filter(|site| site.cors.is_none()) {
        site.cors = cors.cloned();
    }
    Some(Edge { listeners, sites, limits })
}

/// What one listener needs of another.
fn check_together(listeners: &[(&Field<'_>, Listener)]) {
    let has_tls = listeners.iter().any(|(_, listener)| listener.tls.is_some());
    let has_port_80 = listeners.iter().any(|(_, l)| l.tls.is_none() && l.address.port() == 80);
    for (row, listener) in listeners {
        if listener.redirect_to_https && !has_tls {
            row.mistake("redirect_to_https: no listener has `tls` to redirect to");
        }
        let acme = listener.tls.as_ref().and_then(|tls| tls.acme.as_ref());
        if acme.is_some_and(|acme| acme.challenge == Challenge::Http01) && !has_port_80 {
            row.notice(
                "acme: the authority asks at port 80, and no listener without `tls` is there; \
                 something else has to lead its requests here",
            );
        }
    }
}

/// The items of a list that must have some.
fn items<'a>(field: &Field<'a>) -> Vec<Field<'a>> {
    let items = field.items();
    if items.is_empty() && (field.is_list() || !field.is_present()) {
        field.mistake("expected a list with at least one item");
    }
    items
}

fn claim(taken: &mut Taken, value: &str, field: &Field<'_>) {
    if let Some(line) = taken.get(value) {
        field.mistake(format!("`{}` stands in line {line} already", shown(value)));
    } else {
        taken.insert(value.to_owned(), field.line());
    }
}
