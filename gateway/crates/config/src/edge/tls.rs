//! Where a listener's certificates come from, and who must show one.

use super::{PLANNED, items};
use crate::config::{Acme, Certificate, Challenge, Tls};
use crate::quantity::{is_host_name, server_url};
use crate::reader::Field;
use crate::section::Section;

pub(super) fn read(mut section: Section<'_>, field: &Field<'_>) -> Tls {
    let files = section.take("certificates").items();
    let names = section.take("self_signed").items();
    let acme_field = section.take("acme");
    let client_ca = section.take("client_ca").existing_file();
    section.close(PLANNED);
    if files.is_empty() && names.is_empty() && !acme_field.is_present() {
        field.mistake("expected `certificates`, `acme` or `self_signed` with at least one item");
    }
    let certificates = files.iter().filter_map(|row| certificate(row.section()?)).collect();
    let self_signed = names.iter().filter_map(certificate_name).collect();
    let acme = acme_field.section().and_then(acme);
    Tls { certificates, self_signed, acme, client_ca }
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

fn acme(mut section: Section<'_>) -> Option<Acme> {
    let directory = section.take("directory").required();
    let expected =
        "the https address of a directory, such as https://acme-v02.api.letsencrypt.org/directory";
    let directory = directory
        .parsed(expected, |text| server_url(text).ok().filter(|url| url.starts_with("https://")));
    let email = section.take("email").parsed("a mail address", |text| {
        let (user, host) = text.rsplit_once('@')?;
        let is_plain = user.bytes().all(|b| b.is_ascii_graphic());
        (!user.is_empty() && is_plain && is_host_name(host)).then(|| text.to_owned())
    });
    let domains = items(&section.take("domains"));
    let domains: Vec<_> = domains.iter().filter_map(domain).collect();
    let challenge = section.take("challenge").parsed("http-01 or tls-alpn-01", |text| match text {
        "http-01" => Some(Challenge::Http01),
        "tls-alpn-01" => Some(Challenge::TlsAlpn01),
        _ => None,
    });
    let root_certificate = section.take("root_certificate").existing_file();
    section.close(PLANNED);
    let challenge = challenge.unwrap_or_default();
    Some(Acme { directory: directory?, email, domains, challenge, root_certificate })
}

fn domain(field: &Field<'_>) -> Option<String> {
    field.parsed("a host name; neither challenge can show whose a `*` is", |text| {
        let is_address = text.parse::<std::net::IpAddr>().is_ok();
        (is_host_name(text) && !is_address).then(|| text.to_ascii_lowercase())
    })
}
