//! Durations such as `30d`, as LiteLLM's clients write them.

use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};
use tollgate_domain::UnixMillis;

/// A text that is no duration, or one that leads out of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidDuration;

/// When a duration that begins now ends. Months are those of the calendar, in UTC.
pub(crate) fn end_of(duration: &str, now: UnixMillis) -> Result<UnixMillis, InvalidDuration> {
    let now = i64::try_from(now).map_err(|_| InvalidDuration)?;
    let start = Timestamp::from_millisecond(now).map_err(|_| InvalidDuration)?;
    let end = start.to_zoned(TimeZone::UTC).checked_add(span(duration)?);
    let end = end.map_err(|_| InvalidDuration)?.timestamp().as_millisecond();
    u64::try_from(end).map_err(|_| InvalidDuration)
}

fn span(text: &str) -> Result<Span, InvalidDuration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(InvalidDuration)?;
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().map_err(|_| InvalidDuration)?;
    let none = 0.seconds();
    let span = match unit {
        "s" => none.try_seconds(number),
        "m" => none.try_minutes(number),
        "h" => none.try_hours(number),
        "d" => none.try_days(number),
        "w" => none.try_weeks(number),
        "mo" => none.try_months(number),
        _ => return Err(InvalidDuration),
    };
    span.map_err(|_| InvalidDuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    #[test]
    fn durations_end_where_people_expect() {
        for (text, end) in [
            ("1s", 1000),
            ("2m", 120_000),
            ("3h", 10_800_000),
            ("30d", 30 * DAY),
            ("1w", 7 * DAY),
            ("1mo", 31 * DAY),
            ("2mo", 59 * DAY),
            ("0d", 0),
        ] {
            assert_eq!(end_of(text, 0), Ok(end), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "d", "1", "1 d", "-1d", "+1d", "1.5d", "1dd", "1y", "1D", "99999999999mo", "é"]
        {
            assert_eq!(end_of(text, 0), Err(InvalidDuration), "{text}");
        }
        assert_eq!(end_of("19000000w", 0), Err(InvalidDuration));
    }
}
