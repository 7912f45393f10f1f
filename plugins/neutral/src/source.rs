//! Where a picture or a file is.

use std::borrow::Cow;

/// A picture's or file's bytes, or where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// The bytes, as base64.
    Data {
        /// Their media type, such as `image/png`; empty if the client gave none.
        media_type: Cow<'a, str>,
        /// The base64 text.
        base64: Cow<'a, str>,
    },
    /// An address.
    Url(Cow<'a, str>),
    /// An id that the provider gave earlier.
    Id(Cow<'a, str>),
}

// === impl Source ===

impl<'a> Source<'a> {
    /// Reads a `url`: an address, or a `data:` URL. None if that one is not base64.
    pub fn of_url(url: Cow<'a, str>) -> Option<Self> {
        match url {
            Cow::Borrowed(url) => match data_url(url) {
                Data::None => Some(Self::Url(url.into())),
                Data::Unreadable => None,
                Data::Base64 { media_type, base64 } => {
                    Some(Self::Data { media_type: media_type.into(), base64: base64.into() })
                }
            },
            Cow::Owned(url) => match data_url(&url) {
                Data::None => Some(Self::Url(url.into())),
                Data::Unreadable => None,
                Data::Base64 { media_type, base64 } => Some(Self::Data {
                    media_type: media_type.to_owned().into(),
                    base64: base64.to_owned().into(),
                }),
            },
        }
    }

    /// Reads base64 text that may have the head of a `data:` URL before it.
    pub fn of_data(data: Cow<'a, str>) -> Option<Self> {
        match Self::of_url(data)? {
            Self::Url(base64) => Some(Self::Data { media_type: Cow::Borrowed(""), base64 }),
            source => Some(source),
        }
    }
}

enum Data<'a> {
    None,
    Unreadable,
    Base64 { media_type: &'a str, base64: &'a str },
}

/// Takes a `data:` URL apart. Parameters other than `base64`, such as `charset`, are left out.
fn data_url(url: &str) -> Data<'_> {
    let is_data = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let Some(rest) = url.get(5..).filter(|_| is_data) else {
        return Data::None;
    };
    let Some((head, base64)) = rest.split_once(',') else {
        return Data::Unreadable;
    };
    let mut words = head.split(';');
    let media_type = words.next().unwrap_or_default();
    if words.next_back().is_some_and(|word| word.trim().eq_ignore_ascii_case("base64")) {
        Data::Base64 { media_type, base64 }
    } else {
        Data::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(media_type: &'static str, base64: &'static str) -> Source<'static> {
        Source::Data { media_type: media_type.into(), base64: base64.into() }
    }

    #[test]
    fn addresses_and_data_are_told_apart() {
        for (url, expected) in [
            ("https://a.example/x.png", Some(Source::Url("https://a.example/x.png".into()))),
            ("gs://bucket/x", Some(Source::Url("gs://bucket/x".into()))),
            ("data:image/png;base64,AA==", Some(data("image/png", "AA=="))),
            ("DATA:text/plain;charset=utf-8;BASE64,AA==", Some(data("text/plain", "AA=="))),
            ("data:;base64,AA==", Some(data("", "AA=="))),
            ("data:text/plain,hello", None),
            ("data:image/png;base64", None),
        ] {
            assert_eq!(Source::of_url(url.into()), expected, "{url}");
            assert_eq!(Source::of_url(url.to_owned().into()), expected, "{url}");
        }
    }

    #[test]
    fn bare_base64_has_no_media_type() {
        assert_eq!(Source::of_data("AA==".into()), Some(data("", "AA==")));
        assert_eq!(
            Source::of_data("data:application/pdf;base64,AA==".into()),
            Some(data("application/pdf", "AA=="))
        );
    }
}
