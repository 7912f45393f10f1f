//! Listeners: where connections are accepted, and from whom what is believed.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{PLANNED, Taken, claim, tls};
use crate::config::Listener;
use crate::reader::Field;
use crate::section::Section;

pub(super) fn read(mut row: Section<'_>, taken: &mut Taken) -> Option<Listener> {
    let address_field = row.take("address").required();
    let expected = "an IP address and a port, such as 127.0.0.1:24443 or [::]:443";
    let address = address_field.parsed(expected, |text| text.parse::<SocketAddr>().ok());
    let http2 = row.take("http2").flag().unwrap_or(true);
    let redirect = row.take("redirect_to_https");
    let redirect_to_https = redirect.flag().unwrap_or(false);
    let webroot = row.take("acme_webroot");
    let acme_webroot = webroot.existing_folder();
    let trusted_proxies = row.take("trusted_proxies").items();
    let trusted_proxies: Vec<_> = trusted_proxies.iter().filter_map(network).collect();
    let proxy = row.take("proxy_protocol");
    let proxy_protocol = proxy.flag().unwrap_or(false);
    let tls_field = row.take("tls");
    let tls = tls_field.section().map(|section| tls::read(section, &tls_field));
    row.close(PLANNED);
    if redirect_to_https && tls.is_some() {
        redirect.mistake("expected on a listener without `tls`: here it would lead in a circle");
    }
    if webroot.is_present() && tls.is_some() {
        webroot.mistake("expected on a listener without `tls`: authorities ask over plain HTTP");
    }
    if proxy_protocol && trusted_proxies.is_empty() {
        proxy.mistake("expected `trusted_proxies` beside it: nobody else is believed");
    }
    let address = address?;
    // Port 0 stands for any free port, as tests want it, and is never the same twice.
    if address.port() != 0 {
        claim(taken, &address.to_string(), &address_field);
    }
    Some(Listener {
        address,
        http2,
        redirect_to_https,
        acme_webroot,
        trusted_proxies,
        proxy_protocol,
        tls,
    })
}

/// Addresses in CIDR notation, or one address.
fn network(field: &Field<'_>) -> Option<IpNet> {
    field.parsed("a network such as 10.0.0.0/8 or fd00::/8, or an IP address", |text| {
        let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(one)
    })
}
