//! A case: bytes that a client sends, and what has to come of them.

/// The host of every case that has no other one to try.
pub(crate) const HOST: &str = "site.example";

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Its place in the corpus: the number in its paths and canaries.
    pub(crate) number: usize,
    pub(crate) family: &'static str,
    pub(crate) name: String,
    /// What is sent before the victims.
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Expected,
}

/// What has to come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The requests that are answered, in their order.
    pub(crate) answered: Vec<Wanted>,
    pub(crate) then: Then,
}

/// A request that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    /// It is passed on. Otherwise the gateway answers it, with this status.
    pub(crate) own: Option<u16>,
}

/// What follows the requests that are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Both victims are answered.
    Victims,
    /// The connection is closed without a word.
    Closed,
    /// This status, the connection is closed, and an upstream hears nothing.
    Refused(u16),
    /// The same, but an upstream may have begun to hear a request whose body then broke.
    Broken(u16),
    /// Another protocol is spoken, and the victims are bytes of it.
    Tunnel,
}

/// One of the two requests that stand behind a case.
pub(crate) struct Victim {
    pub(crate) bytes: Vec<u8>,
    pub(crate) target: String,
    pub(crate) authorization: String,
}

// === impl Case ===

impl Case {
    /// Its own path. What is in its bytes and targets as `{k}` stands for it.
    pub(crate) fn path(&self) -> String {
        format!("/k{}", self.number)
    }

    /// The two victims; the second one ends the connection.
    pub(crate) fn victims(&self) -> [Victim; 2] {
        [("a", ""), ("b", "Connection: close\r\n")].map(|(letter, last)| {
            let target = format!("/v{}{letter}", self.number);
            let authorization = format!("Bearer canary-{}{letter}", self.number);
            let bytes = format!(
                "GET {target} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {authorization}\r\n\
                 {last}\r\n"
            );
            Victim { bytes: bytes.into_bytes(), target, authorization }
        })
    }

    /// Everything that is sent.
    pub(crate) fn sent(&self) -> Vec<u8> {
        let [first, second] = self.victims();
        [&self.bytes[..], &first.bytes, &second.bytes].concat()
    }

    /// The number in a target that belongs to a case or its victims.
    pub(crate) fn number_of(target: &str) -> Option<usize> {
        let rest = target.strip_prefix("/k").or_else(|| target.strip_prefix("/v"))?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    }
}

/// Collects the cases of the corpus.
#[derive(Default)]
pub(crate) struct Corpus {
    family: &'static str,
    pub(crate) cases: Vec<Case>,
}

// === impl Corpus ===

impl Corpus {
    /// The cases that follow are of this family.
    pub(crate) fn family(&mut self, name: &'static str) {
        self.family = name;
    }

    pub(crate) fn case(&mut self, name: &str, bytes: impl Into<Vec<u8>>, expected: Expected) {
        let number = self.cases.len() + 1;
        let path = format!("/k{number}");
        let bytes = filled(&bytes.into(), &path);
        let mut expected = expected;
        for wanted in &mut expected.answered {
            wanted.target = wanted.target.replace("{k}", &path);
            wanted.body = filled(&wanted.body, &path);
        }
        let (family, name) = (self.family, name.to_owned());
        self.cases.push(Case { number, family, name, bytes, expected });
    }

    /// Refused with this status, nothing passed on.
    pub(crate) fn refused(&mut self, name: &str, status: u16, bytes: impl Into<Vec<u8>>) {
        self.case(name, bytes, Expected { answered: Vec::new(), then: Then::Refused(status) });
    }

    /// Refused with 400.
    pub(crate) fn bad(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.refused(name, 400, bytes);
    }

    /// Passed on; then comes what is refused.
    pub(crate) fn then_bad(&mut self, name: &str, bytes: impl Into<Vec<u8>>, wanted: Vec<Wanted>) {
        self.case(name, bytes, Expected { answered: wanted, then: Then::Refused(400) });
    }

    /// A request whose body breaks.
    pub(crate) fn broken(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.case(name, bytes, Expected { answered: Vec::new(), then: Then::Broken(400) });
    }

    /// Passed on, and the victims after it.
    pub(crate) fn passed(&mut self, name: &str, bytes: impl Into<Vec<u8>>, wanted: Vec<Wanted>) {
        self.case(name, bytes, Expected { answered: wanted, then: Then::Victims });
    }

    /// Passed on; then the connection is closed, and the victims are not heard.
    pub(crate) fn last(&mut self, name: &str, bytes: impl Into<Vec<u8>>, wanted: Vec<Wanted>) {
        self.case(name, bytes, Expected { answered: wanted, then: Then::Closed });
    }
}

/// A request to the case's own path, as an upstream has to see it.
pub(crate) fn wanted(method: &str, body: &str) -> Vec<Wanted> {
    vec![seen(method, "{k}", body)]
}

/// A request to any target.
pub(crate) fn seen(method: &str, target: &str, body: &str) -> Wanted {
    let (method, target) = (method.to_owned(), target.to_owned());
    Wanted { method, target, body: body.as_bytes().to_vec(), own: None }
}

/// A request that the gateway answers by itself.
pub(crate) fn own(method: &str, status: u16) -> Vec<Wanted> {
    vec![Wanted { own: Some(status), ..seen(method, "{k}", "") }]
}

/// A POST with more header lines, and what comes after the head.
pub(crate) fn post(headers: &str, body: &str) -> String {
    request("POST", "{k}", headers, body)
}

/// A GET with more header lines.
pub(crate) fn get(headers: &str) -> String {
    request("GET", "{k}", headers, "")
}

/// A request in HTTP/1.1 to the usual host.
pub(crate) fn request(method: &str, target: &str, headers: &str, body: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n{body}")
}

fn filled(bytes: &[u8], path: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|window| window == b"{k}") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(path.as_bytes());
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
    out
}
