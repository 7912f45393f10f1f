//! Certificates, client certificates, protocols and ciphers of a listener.

use super::listeners::Shared;
use super::scope::Scope;
use super::server::Server;
use crate::model::{Certificate, Tls};
use crate::note::Notes;
use crate::parser::Directive;

/// The cipher suites that Tollgate offers, by OpenSSL's names.
const OFFERED: [&str; 9] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// The TLS part of the listener that servers share.
pub(crate) fn tls(shared: &Shared<'_, '_>, notes: &mut Notes) -> Tls {
    let mut tls = Tls::default();
    for (server, listen) in &shared.members {
        tls.http2 |= listen.http2;
        let found = certificates(&server.scope, notes);
        if found.is_empty() && !server.scope.is_on("ssl_reject_handshake") {
            notes.untaken(server.directive, "it has no `ssl_certificate` with a key in a file");
        }
        for certificate in found {
            if !tls.certificates.contains(&certificate) {
                tls.certificates.push(certificate);
            }
        }
        protocols(&server.scope, notes);
        ciphers(&server.scope, notes);
        let Some((ca, directive)) = client_ca(&server.scope, notes) else { continue };
        if tls.client_ca.as_ref().is_none_or(|known| *known == ca) {
            tls.client_ca = Some(ca);
        } else {
            let why = "a listener has one `client_ca`, and another server's was taken";
            notes.untaken(directive, why);
        }
    }
    let asks = |server: &Server<'_>| server.scope.is_on("ssl_verify_client");
    let silent = shared.members.iter().map(|(server, _)| *server).find(|server| !asks(server));
    if let (Some(_), Some(server)) = (&tls.client_ca, silent) {
        let hint = "its address is shared with a server that asks for client certificates, and \
                    `client_ca` is for the whole listener: clients of this one need one, too";
        notes.taken(server.directive, hint);
    }
    tls
}

fn certificates(server: &Scope<'_>, notes: &mut Notes) -> Vec<Certificate> {
    let keys = server.nearest("ssl_certificate_key");
    let mut found = Vec::new();
    for (certificate, key) in server.nearest("ssl_certificate").into_iter().zip(keys) {
        let files = [certificate.arg(0), key.arg(0)];
        if files.iter().any(|file| file.contains('$')) {
            notes.untaken(certificate, "files are named without variables");
        } else if files.iter().any(|file| file.starts_with("engine:") || file.starts_with("data:"))
        {
            notes.untaken(certificate, "certificates and keys are in files");
        } else {
            if files.iter().any(|file| !file.starts_with('/')) {
                let hint = "a relative path is seen from the configuration's folder, not nginx's";
                notes.taken(certificate, hint);
            }
            let [certificate, private_key] = files.map(str::to_owned);
            found.push(Certificate { certificate, private_key });
        }
    }
    found
}

fn client_ca<'a>(server: &Scope<'a>, notes: &mut Notes) -> Option<(String, &'a Directive)> {
    let verify = server.value("ssl_verify_client")?;
    match verify.arg(0) {
        "on" => {}
        "off" => return None,
        _ => {
            let why = "`client_ca` asks every client for a certificate; some cannot be left out";
            notes.untaken(verify, why);
            return None;
        }
    }
    let Some(ca) = server.value("ssl_client_certificate") else {
        notes.untaken(verify, "expected `ssl_client_certificate` beside it");
        return None;
    };
    Some((ca.arg(0).to_owned(), ca))
}

fn protocols(server: &Scope<'_>, notes: &mut Notes) {
    let Some(directive) = server.value("ssl_protocols") else { return };
    let named = |version: &str| directive.args.iter().any(|arg| arg == version);
    let old: Vec<&str> = directive
        .args
        .iter()
        .map(String::as_str)
        .filter(|arg| !matches!(*arg, "TLSv1.2" | "TLSv1.3"))
        .collect();
    if !old.is_empty() {
        let why = format!("{}: only TLS 1.2 and 1.3 are spoken", old.join(", "));
        notes.untaken(directive, why);
    } else if !(named("TLSv1.2") && named("TLSv1.3")) {
        notes.taken(directive, "TLS 1.2 and 1.3 are both spoken");
    }
}

fn ciphers(server: &Scope<'_>, notes: &mut Notes) {
    let Some(directive) = server.value("ssl_ciphers") else { return };
    let others: Vec<&str> = directive
        .arg(0)
        .split([':', ',', ' '])
        .filter(|name| !name.is_empty() && !name.starts_with(['!', '-', '@']))
        .filter(|name| !OFFERED.contains(name))
        .collect();
    if let Some(first) = others.first() {
        let more = match others.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = format!(
            "{first}{more}: Tollgate has its own list, which is ECDHE with AES-GCM or \
             ChaCha20-Poly1305"
        );
        notes.untaken(directive, why);
    }
}
