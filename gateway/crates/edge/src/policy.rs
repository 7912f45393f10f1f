//! What a site wants of its answers, made ready at start so that little is left to do for each.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tollgate_config::{Cors, Site};

use crate::cookies::Rewrite;
use crate::cors::{AllowList, Preflight};
use crate::fields::Fields;
use crate::frame::Ancestors;
use crate::site::SiteError;

/// Headers of a site's answers.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, HeaderValue)>,
    frame: Option<Ancestors>,
    cookies: Option<Rewrite>,
    cors: Option<AllowList>,
    /// Whether answers of upstreams are compressed.
    pub(crate) compression: bool,
}

// === impl Policy ===

impl Policy {
    pub(crate) fn new(site: &Site) -> Result<Self, SiteError> {
        let name = |text: &String| {
            HeaderName::try_from(text).map_err(|_| SiteError::Header { name: text.clone() })
        };
        let header = |(text, value): &(String, String)| -> Result<_, SiteError> {
            let value = HeaderValue::try_from(value);
            Ok((name(text)?, value.map_err(|_| SiteError::Header { name: text.clone() })?))
        };
        let ancestors = |list: &Vec<String>| {
            let name = "frame_ancestors".to_owned();
            Ancestors::new(list).ok_or(SiteError::Header { name })
        };
        Ok(Self {
            remove: site.headers.remove.iter().map(name).collect::<Result<_, _>>()?,
            set: site.headers.set.iter().map(header).collect::<Result<_, _>>()?,
            frame: site.frame_ancestors.as_ref().map(ancestors).transpose()?,
            cookies: site.cookies.map(Rewrite::new),
            cors: site.cors.as_ref().map(AllowList::new),
            compression: site.compression,
        })
    }

    /// For hosts of no site.
    pub(crate) fn without_site(cors: Option<&Cors>) -> Self {
        Self { cors: cors.map(AllowList::new), ..Self::default() }
    }

    /// The answer to a browser that asks before it calls.
    pub(crate) fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<Preflight> {
        self.cors.as_ref()?.preflight(method, request)
    }

    /// Applies to a request that is passed on.
    pub(crate) fn apply_to_request(&self, method: &Method, request: &mut impl Fields) {
        if self.frame.is_some() {
            Ancestors::apply_to_request(request);
        }
        let headers = request.map();
        let Some(cookies) = self.cookies.filter(|_| headers.contains_key(header::COOKIE)) else {
            return;
        };
        let may_call = self
            .cors
            .as_ref()
            .is_some_and(|cors| cors.lets_cookies_pass(headers.get(header::ORIGIN)));
        if !may_call && cookies.withholds(method, headers) {
            request.remove(&header::COOKIE);
        }
    }

    /// Applies to an answer of Tollgate's own.
    pub(crate) fn apply_to_own(&self, answer: &mut impl Fields, origin: Option<&HeaderValue>) {
        self.apply(answer);
        if let Some(cors) = &self.cors {
            cors.grant(answer, origin);
        }
    }

    /// Applies to an upstream's answer.
    pub(crate) fn apply_to_upstreams(
        &self,
        answer: &mut impl Fields,
        origin: Option<&HeaderValue>,
    ) {
        self.apply(answer);
        if let Some(cookies) = self.cookies {
            cookies.apply(answer);
        }
        if let Some(cors) = &self.cors {
            AllowList::take_back(answer);
            cors.grant(answer, origin);
        }
    }

    fn apply(&self, answer: &mut impl Fields) {
        for name in &self.remove {
            answer.remove(name);
        }
        for (name, value) in &self.set {
            answer.set(name, value.clone());
        }
        // Last: a policy that is set above keeps its other directives.
        if let Some(frame) = &self.frame {
            frame.apply(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_config::{Cookies, Headers, SameSite};

    use super::*;

    fn site() -> Site {
        let set = [("Strict-Transport-Security", "max-age=1"), ("x-one", "1")];
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Site {
            frame_ancestors: Some(vec!["https://w.example".to_owned()]),
            headers: Headers { set, remove: vec!["server".to_owned()] },
            cors: Some(Cors { origins: vec!["https://a.example".to_owned()], ..Cors::default() }),
            cookies: Some(Cookies { same_site: Some(SameSite::Lax), partitioned: false }),
            ..Site::default()
        }
    }

    fn answer() -> HeaderMap {
        let headers = [
            ("server", "x"),
            ("x-one", "0"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "img-src *; frame-ancestors 'none'"),
            ("set-cookie", "a=b"),
            ("access-control-allow-origin", "*"),
        ];
        let pairs = headers
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.into_iter().collect()
    }

    #[test]
    fn everything_applies_to_an_upstreams_answer() {
        let mut answer = answer();
        Policy::new(&site()).unwrap().apply_to_upstreams(&mut answer, None);
        assert_eq!(answer[header::STRICT_TRANSPORT_SECURITY], "max-age=1");
        assert_eq!(answer["x-one"], "1");
        let policy = "img-src *; frame-ancestors https://w.example";
        assert_eq!(answer[header::CONTENT_SECURITY_POLICY], policy);
        assert_eq!(answer[header::SET_COOKIE], "a=b; SameSite=Lax");
        for gone in ["server", "x-frame-options", "access-control-allow-origin"] {
            assert!(!answer.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn own_answers_keep_cookies_and_what_a_preflight_allows() {
        let mut answer = answer();
        let origin = HeaderValue::from_static("https://a.example");
        let methods = header::ACCESS_CONTROL_ALLOW_METHODS;
        answer.insert(&methods, HeaderValue::from_static("GET"));
        Policy::new(&site()).unwrap().apply_to_own(&mut answer, Some(&origin));
        assert_eq!(answer[methods], "GET");
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin);
        assert_eq!(answer[header::SET_COOKIE], "a=b");
    }

    #[test]
    fn origins_that_may_call_with_cookies_keep_them() {
        let mut site = site();
        site.cookies = Some(Cookies { same_site: Some(SameSite::None), partitioned: false });
        for credentials in [false, true] {
            let origins = vec!["https://a.example".to_owned()];
            site.cors = Some(Cors { origins, credentials, ..Cors::default() });
            let policy = Policy::new(&site).unwrap();
            for (origin, is_listed) in [("https://a.example", true), ("https://b.example", false)] {
                let headers = [("cookie", "a=b"), ("sec-fetch-site", "cross-site")];
                let headers = headers.into_iter().chain([("origin", origin)]);
                let pairs = headers.map(|(name, value)| {
                    (HeaderName::from_static(name), HeaderValue::from_static(value))
                });
                let mut request: HeaderMap = pairs.collect();
                policy.apply_to_request(&Method::POST, &mut request);
                let kept = request.contains_key(header::COOKIE);
                assert_eq!(kept, credentials && is_listed, "{origin} {credentials}");
                assert_eq!(request[header::ORIGIN], origin);
                assert_eq!(request["sec-fetch-site"], "cross-site");
            }
        }
    }

    #[test]
    fn what_a_site_says_nothing_of_stays() {
        let (mut changed, before) = (answer(), answer());
        Policy::new(&Site::default()).unwrap().apply_to_upstreams(&mut changed, None);
        assert_eq!(changed, before);
    }

    #[test]
    fn headers_that_cannot_be_sent_are_refused() {
        let mut site = site();
        site.headers.set.push(("x".to_owned(), "a\nb".to_owned()));
        assert!(matches!(Policy::new(&site), Err(SiteError::Header { name }) if name == "x"));
    }
}
