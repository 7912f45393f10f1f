//! Cookies that an upstream sets, made fit for pages that are framed by another site. Everything
//! that is not to be changed stays byte for byte.

use http::{HeaderMap, HeaderValue, Method, header};
use tollgate_config::{Cookies, SameSite};

use crate::fields::Fields;

/// What is changed in cookies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rewrite {
    same_site: Option<&'static [u8]>,
    /// Browsers drop cookies of other sites that are not for https alone.
    secure: bool,
    partitioned: bool,
}

// === impl Rewrite ===

impl Rewrite {
    pub(crate) fn new(cookies: Cookies) -> Self {
        let same_site: Option<&'static [u8]> = cookies.same_site.map(|same_site| match same_site {
            SameSite::Strict => b"Strict".as_slice(),
            SameSite::Lax => b"Lax",
            SameSite::None => b"None",
        });
        let secure = cookies.partitioned || cookies.same_site == Some(SameSite::None);
        Self { same_site, secure, partitioned: cookies.partitioned }
    }

    /// Changes all cookies of an answer; what is no cookie passes.
    pub(crate) fn apply(self, answer: &mut impl Fields) {
        if !answer.map().contains_key(header::SET_COOKIE) {
            return;
        }
        let cookies = answer.map().get_all(header::SET_COOKIE).iter();
        let cookies: Vec<_> = cookies.map(|value| self.cookie(value)).collect();
        answer.remove(&header::SET_COOKIE);
        for cookie in cookies {
            answer.add(&header::SET_COOKIE, cookie);
        }
    }

    /// Whether a request is to go on without its cookies. Those that were made `SameSite=None` come
    /// with whatever another site makes a browser send. Frames need them where a page is opened, and
    /// nowhere else: the rest is withheld here, as browsers would have withheld what was `Lax`.
    pub(crate) fn withholds(self, method: &Method, request: &HeaderMap) -> bool {
        let says = |name, value: &str| request.get(name).is_some_and(|found| found == value);
        self.same_site == Some(b"None")
            && says("sec-fetch-site", "cross-site")
            && !(method.is_safe() && says("sec-fetch-mode", "navigate"))
    }

    fn cookie(self, value: &HeaderValue) -> HeaderValue {
        let mut parts = value.as_bytes().split(|b| *b == b';');
        let pair = parts.next().unwrap_or_default();
        let name = pair.split(|b| *b == b'=').next().unwrap_or_default();
        if !pair.contains(&b'=') || name.trim_ascii().is_empty() {
            return value.clone();
        }
        let mut out = Vec::with_capacity(value.len() + 40);
        out.extend_from_slice(pair);
        let (mut is_secure, mut is_partitioned) = (false, false);
        for part in parts {
            let name = part.split(|b| *b == b'=').next().unwrap_or_default().trim_ascii();
            if self.same_site.is_some() && name.eq_ignore_ascii_case(b"samesite") {
                continue;
            }
            is_secure |= name.eq_ignore_ascii_case(b"secure");
            is_partitioned |= name.eq_ignore_ascii_case(b"partitioned");
            out.push(b';');
            out.extend_from_slice(part);
        }
        if out.last() == Some(&b';') {
            out.pop();
        }
        if let Some(same_site) = self.same_site {
            out.extend_from_slice(b"; SameSite=");
            out.extend_from_slice(same_site);
        }
        if self.secure && !is_secure {
            out.extend_from_slice(b"; Secure");
        }
        if self.partitioned && !is_partitioned {
            out.extend_from_slice(b"; Partitioned");
        }
        HeaderValue::try_from(out).unwrap_or_else(|_| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn rewritten(cookies: Cookies, sent: &str) -> HeaderValue {
        Rewrite::new(cookies).cookie(&HeaderValue::from_str(sent).unwrap())
    }

    #[test]
    fn attributes_are_replaced_or_added_and_the_rest_stays() {
        let framed = Cookies { same_site: Some(SameSite::None), partitioned: true };
        let end = "; SameSite=None; Secure; Partitioned";
        let cases = [
            ("a=b", format!("a=b{end}")),
            ("a=b;", format!("a=b{end}")),
            ("a=\"x y\";  Path=/ui ;HttpOnly", format!("a=\"x y\";  Path=/ui ;HttpOnly{end}")),
            ("a=b; SameSite=Lax; samesite = Strict", format!("a=b{end}")),
            ("a=b; secure; SECURE", "a=b; secure; SECURE; SameSite=None; Partitioned".to_owned()),
            ("a=b; Partitioned; Secure", "a=b; Partitioned; Secure; SameSite=None".to_owned()),
            ("a==b=; Max-Age=1", format!("a==b=; Max-Age=1{end}")),
            ("a=secure", format!("a=secure{end}")),
            ("a=", format!("a={end}")),
            // Not cookies.
            ("a", "a".to_owned()),
            ("=b; Secure", "=b; Secure".to_owned()),
            ("", String::new()),
        ];
        for (sent, expected) in cases {
            assert_eq!(rewritten(framed, sent), expected.as_str(), "{sent}");
        }
    }

    #[test]
    fn only_what_is_asked_for_is_changed() {
        let strict = Cookies { same_site: Some(SameSite::Strict), partitioned: false };
        assert_eq!(rewritten(strict, "a=b; SameSite=None"), "a=b; SameSite=Strict");
        let lax = Cookies { same_site: Some(SameSite::Lax), partitioned: false };
        assert_eq!(rewritten(lax, "a=b"), "a=b; SameSite=Lax");
        let apart = Cookies { same_site: None, partitioned: true };
        let expected = "a=b; SameSite=None; Secure; Partitioned";
        assert_eq!(rewritten(apart, "a=b; SameSite=None"), expected);
    }

    #[test]
    fn what_other_sites_send_goes_on_without_cookies_unless_a_page_is_opened() {
        let opened = Cookies { same_site: Some(SameSite::None), partitioned: true };
        let request = |site: &'static str, mode: &'static str| {
            let headers = [("sec-fetch-site", site), ("sec-fetch-mode", mode)];
            let pairs = headers.map(|(name, value)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            pairs.into_iter().collect::<HeaderMap>()
        };
        let cases = [
            (Method::GET, "cross-site", "navigate", false),
            (Method::HEAD, "cross-site", "navigate", false),
            (Method::POST, "cross-site", "navigate", true),
            (Method::GET, "cross-site", "no-cors", true),
            (Method::GET, "cross-site", "websocket", true),
            (Method::POST, "cross-site", "cors", true),
            (Method::POST, "same-site", "navigate", false),
            (Method::POST, "same-origin", "cors", false),
            (Method::POST, "none", "navigate", false),
        ];
        for (method, site, mode, expected) in cases {
            let headers = request(site, mode);
            let found = Rewrite::new(opened).withholds(&method, &headers);
            assert_eq!(found, expected, "{method} {site} {mode}");
            // Browsers see to it themselves.
            for same_site in [None, Some(SameSite::Lax), Some(SameSite::Strict)] {
                let kept = Cookies { same_site, partitioned: true };
                assert!(!Rewrite::new(kept).withholds(&method, &headers), "{same_site:?}");
            }
        }
        // No browser.
        assert!(!Rewrite::new(opened).withholds(&Method::POST, &HeaderMap::new()));
    }

    #[test]
    fn every_cookie_of_an_answer_is_changed_in_its_place() {
        let mut map = HeaderMap::new();
        for value in ["a=1", "broken", "b=2"] {
            map.append(header::SET_COOKIE, HeaderValue::from_static(value));
        }
        let lax = Cookies { same_site: Some(SameSite::Lax), partitioned: false };
        Rewrite::new(lax).apply(&mut map);
        let left: Vec<_> = map.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(left, ["a=1; SameSite=Lax", "broken", "b=2; SameSite=Lax"]);
    }
}
