//! The `edge:` section as YAML, in a stable order.

mod yaml;

use crate::model::{Edge, Headers, Listener, Route, Site, Target, Tls};
use yaml::{Lines, scalar};

/// The text of a section that came from a file of that name.
pub(crate) fn write(edge: &Edge, file: &str) -> String {
    let mut lines = Lines::default();
    let legible = |char: char| if char.is_control() { ' ' } else { char };
    let file: String = file.chars().map(legible).collect();
    lines.comment(
        0,
        &format!("Made from nginx's {file} by `tollgate import nginx`, which told what"),
    );
    lines.comment(0, "it left out. Try it with `tollgate check --config FILE` before it is used.");
    let routes = edge.sites.iter().flat_map(|site| &site.routes);
    if routes.into_iter().any(|route| route.to == Target::Gateway) {
        lines.comment(0, "Routes to the gateway want a `model_list` beside this.");
    }
    lines.line(0, "edge:");
    lines.line(1, "listeners:");
    for listener in &edge.listeners {
        write_listener(&mut lines, listener);
    }
    if edge.sites.is_empty() {
        lines.line(1, "sites: []");
    } else {
        lines.line(1, "sites:");
    }
    for site in &edge.sites {
        write_site(&mut lines, site);
    }
    lines.text()
}

fn write_listener(lines: &mut Lines, listener: &Listener) {
    lines.line(2, &format!("- address: {}", scalar(&listener.address.to_string())));
    if listener.redirect_to_https {
        lines.line(3, "redirect_to_https: true");
    }
    if let Some(tls) = &listener.tls {
        let http2 = if tls.http2 { "true" } else { "false # as in nginx; the default is true" };
        lines.line(3, &format!("http2: {http2}"));
    }
    if listener.proxy_protocol {
        lines.line(3, "proxy_protocol: true");
    }
    if !listener.trusted_proxies.is_empty() {
        lines.line(3, &format!("trusted_proxies: {}", yaml::list(&listener.trusted_proxies)));
    }
    if let Some(tls) = &listener.tls {
        write_tls(lines, tls);
    }
}

fn write_tls(lines: &mut Lines, tls: &Tls) {
    lines.line(3, "tls:");
    if tls.certificates.is_empty() {
        lines.comment(
            4,
            "A certificate is missing: name its files here, or write an `acme` section.",
        );
        lines.line(4, "certificates: []");
    } else {
        lines.line(4, "certificates:");
    }
    for certificate in &tls.certificates {
        lines.line(5, &format!("- certificate: {}", scalar(&certificate.certificate)));
        lines.line(6, &format!("private_key: {}", scalar(&certificate.private_key)));
    }
    if let Some(ca) = &tls.client_ca {
        lines.line(4, &format!("client_ca: {}", scalar(ca)));
    }
}

fn write_site(lines: &mut Lines, site: &Site) {
    lines.line(2, &format!("- hosts: {}", yaml::list(&site.hosts)));
    write_headers(lines, &site.headers);
    lines.line(3, "routes:");
    for route in &site.routes {
        write_route(lines, route);
    }
}

fn write_headers(lines: &mut Lines, headers: &Headers) {
    if !headers.frame_ancestors.is_empty() {
        lines.line(3, &format!("frame_ancestors: {}", yaml::list(&headers.frame_ancestors)));
    }
    if headers.set.is_empty() && headers.remove.is_empty() {
        return;
    }
    lines.line(3, "headers:");
    if !headers.set.is_empty() {
        lines.line(4, "set:");
    }
    for (name, value) in &headers.set {
        lines.line(5, &format!("{}: {}", scalar(name), scalar(value)));
    }
    if !headers.remove.is_empty() {
        lines.line(4, &format!("remove: {}", yaml::list(&headers.remove)));
    }
}

fn write_route(lines: &mut Lines, route: &Route) {
    for comment in &route.comments {
        lines.comment(4, comment);
    }
    lines.line(4, &format!("- path: {}", scalar(&route.path)));
    let to = match &route.to {
        Target::Gateway => "gateway".to_owned(),
        Target::Servers(servers) => match servers.as_slice() {
            [server] => scalar(server),
            servers => yaml::list(servers),
        },
    };
    lines.line(5, &format!("to: {to}"));
    if let Some(timeout) = &route.connect_timeout {
        lines.line(5, &format!("connect_timeout: {}", scalar(timeout)));
    }
    if let Some(timeout) = &route.read_timeout {
        lines.line(5, &format!("read_timeout: {}", scalar(timeout)));
    }
    if route.public {
        lines.line(5, "public: true");
    }
}
