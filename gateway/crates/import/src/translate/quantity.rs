//! nginx's durations and sizes in Tollgate's spelling.

/// The longest duration that Tollgate takes: 30 days.
const SECONDS_MAX: u64 = 30 * 24 * 60 * 60;

/// A duration such as `60`, `300s` or `1h 30m`, as `300s` or `250ms`. None: no duration, or zero,
/// which nginx does not mean either.
pub(crate) fn duration(text: &str) -> Option<String> {
    let millis = milliseconds(text)?.min(SECONDS_MAX * 1000);
    match millis {
        0 => None,
        millis if millis % 1000 == 0 => Some(format!("{}s", millis / 1000)),
        millis => Some(format!("{millis}ms")),
    }
}

/// A size such as `8192`, `16k`, `50m` or `1g`, as `50MiB`. None: no size, or 0, which is no limit.
pub(crate) fn size(text: &str) -> Option<String> {
    let split = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let unit = match unit {
        "" => "B",
        "k" | "K" => "KiB",
        "m" | "M" => "MiB",
        "g" | "G" => "GiB",
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    (number > 0).then(|| format!("{number}{unit}"))
}

fn milliseconds(text: &str) -> Option<u64> {
    let (mut sum, mut rest) = (0_u64, text.trim());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let per_unit = match unit {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            "M" => 30 * 86_400_000,
            "y" => 365 * 86_400_000,
            _ => return None,
        };
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(per_unit)?)?;
        rest = after.trim_start();
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::{duration, size};

    #[test]
    fn durations_have_nginx_units() {
        for (text, expected) in [
            ("60", Some("60s")),
            ("300s", Some("300s")),
            ("1h 30m", Some("5400s")),
            ("1h30m", Some("5400s")),
            ("250ms", Some("250ms")),
            ("1y", Some("2592000s")),
            ("0", None),
            ("", None),
            ("s", None),
            ("-1", None),
            ("5x", None),
            ("99999999999999999999", None),
            ("18446744073709551615y", None),
        ] {
            assert_eq!(duration(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, expected) in
            [("50m", Some("50MiB")), ("8192", Some("8192B")), ("1G", Some("1GiB")), ("0", None)]
        {
            assert_eq!(size(text).as_deref(), expected, "{text}");
        }
        assert!(size("m").is_none() && size("1.5m").is_none() && size("1t").is_none());
    }
}
