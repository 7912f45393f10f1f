//! `edge`: listeners and sites.

use std::collections::HashMap;

use crate::config::{Certificate, Edge, Listener, Route, Site, Target, Tls};
use crate::mistake::shown;
use crate::quantity::{is_host_name, server_url};
use crate::reader::Field;
use crate::section::{Fate, Known, Section};

/// Keys of the shape that is planned. They are mistakes, so that nobody counts on a protection that
/// is not there.
const PLANNED: &[Known] = &[Known {
    fate: Fate::Refused,
    reason: "not supported yet",
    keys: &[
        "redirect_to_https",
        "redirect",
        "trusted_proxies",
        "proxy_protocol",
        "http3",
        "acme",
        "client_ca",
        "min_version",
        "ocsp",
        "frame_ancestors",
        "content_security_policy",
        "hsts",
        "headers",
        "cors",
        "cookies",
        "compression",
        "websocket",
        "rewrite",
        "strip_prefix",
        "rate_limit",
        "allow",
        "deny",
        "basic_auth",
        "body_bytes",
        "access_log",
        "cache",
        "methods",
    ],
}];

/// Reads the section. None: absent.
pub(crate) fn read(field: &Field<'_>) -> Option<Edge> {
    let mut section = field.section()?;
    let rows = items(&section.take("listeners"));
    let sites = section.take("sites").items();
    section.close(PLANNED);
    let mut addresses = HashMap::new();
    let listeners =
        rows.iter().filter_map(|row| listener(row.section()?, &mut addresses)).collect();
    let mut hosts = HashMap::new();
    let sites = sites.iter().filter_map(|row| Some(site(row.section()?, &mut hosts))).collect();
    Some(Edge { listeners, sites })
}

fn listener(mut row: Section<'_>, taken: &mut HashMap<String, usize>) -> Option<Listener> {
    let address_field = row.take("address").required();
    let expected = "an IP address and a port, such as 127.0.0.1:24443 or [::]:443";
    let address = address_field.parsed(expected, |text| text.parse::<std::net::SocketAddr>().ok());
    let http2 = row.take("http2").flag().unwrap_or(true);
    let tls_field = row.take("tls");
    let tls = tls_field.section().map(|section| tls(section, &tls_field));
    row.close(PLANNED);
    let address = address?;
    // Port 0 stands for any free port, as tests want it, and is never the same twice.
    if address.port() != 0 {
        claim(taken, &address.to_string(), &address_field);
    }
    Some(Listener { address, http2, tls })
}

fn tls(mut section: Section<'_>, field: &Field<'_>) -> Tls {
    let files = section.take("certificates").items();
    let names = section.take("self_signed").items();
    section.close(PLANNED);
    if files.is_empty() && names.is_empty() {
        field.mistake("expected `certificates` or `self_signed` with at least one item");
    }
    if let Some(second) = files.get(1) {
        second.mistake("only one certificate per listener is supported yet");
    }
    let certificates = files.iter().filter_map(|row| certificate(row.section()?)).collect();
    let self_signed = names.iter().filter_map(certificate_name).collect();
    Tls { certificates, self_signed }
}

fn certificate(mut row: Section<'_>) -> Option<Certificate> {
    let certificate = row.take("certificate").required().existing_file();
    let private_key = row.take("private_key").required().existing_file();
    row.close(PLANNED);
    Some(Certificate { certificate: certificate?, private_key: private_key? })
}

fn certificate_name(field: &Field<'_>) -> Option<String> {
    field.parsed("a host name or an IP address", |text| {
        let is_address = text.parse::<std::net::IpAddr>().is_ok();
        let name = text.strip_prefix("*.").unwrap_or(text);
        (is_address || is_host_name(name)).then(|| text.to_ascii_lowercase())
    })
}

fn site(mut row: Section<'_>, taken: &mut HashMap<String, usize>) -> Site {
    let hosts = items(&row.take("hosts"));
    let routes = items(&row.take("routes"));
    row.close(PLANNED);
    let hosts = hosts.iter().filter_map(|item| host(item, taken)).collect();
    let mut paths = HashMap::new();
    let routes = routes.iter().filter_map(|item| route(item.section()?, &mut paths)).collect();
    Site { hosts, routes }
}

/// The items of a list that must have some.
fn items<'a>(field: &Field<'a>) -> Vec<Field<'a>> {
    let items = field.items();
    if items.is_empty() && (field.is_list() || !field.is_present()) {
        field.mistake("expected a list with at least one item");
    }
    items
}

fn host(field: &Field<'_>, taken: &mut HashMap<String, usize>) -> Option<String> {
    let expected = "a host name without a port, or `*` for all others";
    let host = field.parsed(expected, |text| {
        let is_host = text == "*" || is_host_name(text) || text.parse::<std::net::IpAddr>().is_ok();
        is_host.then(|| text.to_ascii_lowercase())
    })?;
    claim(taken, &host, field);
    Some(host)
}

fn route(mut row: Section<'_>, taken: &mut HashMap<String, usize>) -> Option<Route> {
    let path_field = row.take("path").required();
    let path = path_field.parsed("a path such as /api, without `..`, query or blanks", |text| {
        let is_plain =
            text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['?', '#', '\\']);
        let is_path =
            text.starts_with('/') && !text.split('/').any(|part| matches!(part, "." | ".."));
        (is_path && is_plain).then(|| text.to_owned())
    });
    let to = target(&row.take("to").required());
    let public = row.take("public").flag().unwrap_or(false);
    let connect_timeout = row.take("connect_timeout").duration();
    let read_timeout = row.take("read_timeout").duration();
    row.close(PLANNED);
    let path = path?;
    claim(taken, &path, &path_field);
    Some(Route { path, to: to?, public, connect_timeout, read_timeout })
}

fn target(field: &Field<'_>) -> Option<Target> {
    let text = field.text()?;
    match text.as_str() {
        "models" => Some(Target::Models),
        "admin" => Some(Target::Admin),
        "gateway" => Some(Target::Gateway),
        url => match server_url(url) {
            Ok(url) => Some(Target::Server(url)),
            Err(why) => {
                field.mistake(format!(
                    "expected models, admin, gateway or a server's address; {why}"
                ));
                None
            }
        },
    }
}

fn claim(taken: &mut HashMap<String, usize>, value: &str, field: &Field<'_>) {
    if let Some(line) = taken.get(value) {
        field.mistake(format!("`{}` stands in line {line} already", shown(value)));
    } else {
        taken.insert(value.to_owned(), field.line());
    }
}
