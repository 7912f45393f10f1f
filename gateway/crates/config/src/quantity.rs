//! Durations, sizes, money and web addresses as people write them. Pure: texts to values.

use std::time::Duration;

/// The longest duration that can be meant. Longer ones would overflow a clock when added to it.
pub(crate) const DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A duration: `10ms`, `2s`, `1.5m`, `1h`, `1d`, or a bare number of seconds. None: not one of
/// these, zero, or above 30 days.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let nanos_per_unit: u64 = match unit {
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    // Nine decimals: a second's nanoseconds. The sum cannot exceed 10^20 before it is checked.
    let billionths = decimal(number, 9)?;
    let nanos = u128::from(billionths) * u128::from(nanos_per_unit) / 1_000_000_000;
    let duration = u64::try_from(nanos).ok().map(Duration::from_nanos)?;
    (!duration.is_zero() && duration <= DURATION_MAX).then_some(duration)
}

/// A size in bytes: `8KiB`, `25MiB`, `1MB`, `512B`, or a bare number of bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let bytes_per_unit: u64 = match unit {
        "" | "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(bytes_per_unit)
}

/// A decimal number without sign or exponent, times ten to the power of `decimals`, exactly.
/// None: not such a number, more decimals than that, or too large.
pub(crate) fn decimal(text: &str, decimals: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > decimals {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

/// An address of a server: `http` or `https`, without user, query or fragment. Trailing slashes
/// are cut. The error says what is wrong; it never repeats the address, which can hold a password.
pub(crate) fn server_url(text: &str) -> Result<String, &'static str> {
    let (scheme, rest) =
        text.split_once("://").ok_or("it does not begin with http:// or https://")?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("it does not begin with http:// or https://");
    }
    if !rest.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("it holds blanks or characters beyond ASCII");
    }
    if rest.contains(['?', '#']) {
        return Err("it holds a query or a fragment");
    }
    if rest.contains(['\\', '"', '<', '>', '{', '}', '|', '^', '`']) {
        return Err("it holds a character that an address cannot have");
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err("it holds a user or a password");
    }
    if !is_authority(authority) {
        return Err("its host or port is not valid");
    }
    let url = format!("{scheme}://{authority}/{path}");
    Ok(url.trim_end_matches('/').to_owned())
}

/// A host name in lower case: labels of letters, digits, `-` and `_`.
pub(crate) fn is_host_name(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((host, "")) => (Err(host), None),
            Some((host, after)) => (Err(host), Some(after.strip_prefix(':').unwrap_or("-"))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (Ok(host), Some(port)),
            None => (Ok(authority), None),
        },
    };
    let host_is_valid = match host {
        Ok(name) => is_host_name(name),
        Err(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
    };
    let port_is_valid = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0)
    });
    host_is_valid && port_is_valid
}

fn split(text: &str) -> Option<(&str, &str)> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit)?;
    (!number.is_empty()).then_some((number, unit.trim_start_matches(' ')))
}

#[cfg(test)]
mod tests;
