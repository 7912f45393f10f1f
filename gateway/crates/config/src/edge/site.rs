//! Sites: hosts, and what holds for all their answers.

use super::{PLANNED, Taken, claim, cors, items, policy, route};
use crate::config::Site;
use crate::quantity::is_host_name;
use crate::reader::Field;
use crate::section::Section;

pub(super) fn read(mut row: Section<'_>, taken: &mut Taken) -> Site {
    let hosts = items(&row.take("hosts"));
    let routes = items(&row.take("routes"));
    let frame_ancestors = policy::frame_ancestors(&row.take("frame_ancestors"));
    let headers = policy::headers(&row.take("headers"), frame_ancestors.is_some());
    let cors = cors::read(&row.take("cors"));
    let cookies = policy::cookies(&row.take("cookies"));
    let compression = row.take("compression").flag().unwrap_or(true);
    row.close(PLANNED);
    let hosts = hosts.iter().filter_map(|item| host(item, taken)).collect();
    let mut paths = Taken::new();
    let routes =
        routes.iter().filter_map(|item| route::read(item.section()?, &mut paths)).collect();
    Site { hosts, frame_ancestors, headers, cors, cookies, compression, routes }
}

fn host(field: &Field<'_>, taken: &mut Taken) -> Option<String> {
    let expected = "a host name without a port, `*.` and a name, or `*` for all others";
    let host = field.parsed(expected, |text| {
        let is_address = text.parse::<std::net::IpAddr>().is_ok();
        let name = text.strip_prefix("*.").unwrap_or(text);
        let is_host = text == "*" || is_address || is_host_name(name);
        is_host.then(|| text.to_ascii_lowercase())
    })?;
    claim(taken, &host, field);
    Some(host)
}
