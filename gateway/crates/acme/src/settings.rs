//! What is wanted of the CA, and whether it can be had.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::error::AcmeError;

/// How the CA is shown that a domain is served from here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChallengeKind {
    /// The CA fetches a file from port 80.
    Http01,
    /// The CA makes a TLS handshake with port 443 and looks at the certificate.
    TlsAlpn01,
}

impl ChallengeKind {
    /// The name that RFC 8555 and RFC 8737 give it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }
}

/// What is wanted: one certificate for all the domains.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// The CA's directory, an `https` URL.
    pub directory: String,
    /// Where the CA may write to about the account.
    pub email: Option<String>,
    /// The names in the certificate.
    pub domains: Vec<String>,
    /// How the CA verifies them.
    pub challenge: ChallengeKind,
    /// A PEM file with the only roots that the directory's own certificate may have. Without it,
    /// the machine's roots.
    pub root_certificate: Option<PathBuf>,
    /// Everything is kept in its folder `acme`.
    pub data_dir: PathBuf,
    /// Renewed when this part of the certificate's life has passed, unless the CA suggests a time.
    pub renew_fraction: f64,
    /// A random wait of up to this long is added, so that many gateways do not renew at once.
    pub jitter: Duration,
}

impl AcmeSettings {
    /// Usual settings for a directory, domains and a data directory: http-01, the machine's
    /// roots, renewal after two thirds of the life and up to an hour later.
    pub fn new(directory: String, domains: Vec<String>, data_dir: PathBuf) -> Self {
        Self {
            directory,
            email: None,
            domains,
            challenge: ChallengeKind::Http01,
            root_certificate: None,
            data_dir,
            renew_fraction: 2.0 / 3.0,
            jitter: Duration::from_secs(3600),
        }
    }

    /// Refuses what no CA could do.
    pub(crate) fn check(mut self) -> Result<Self, AcmeError> {
        let refuse = |setting, why: String| Err(AcmeError::Setting { setting, why });
        let url = self.directory.parse::<http::Uri>();
        let secure = |url: http::Uri| url.scheme_str() == Some("https") && url.host().is_some();
        if !url.is_ok_and(secure) {
            return refuse("directory", format!("{} is no https URL", self.directory));
        }
        if self.domains.is_empty() {
            return refuse("domains", "there is none".to_owned());
        }
        for domain in &mut self.domains {
            domain.make_ascii_lowercase();
            if let Some(why) = unfit(domain) {
                return refuse("domains", format!("{domain:?} {why}"));
            }
        }
        if !(self.renew_fraction > 0.0 && self.renew_fraction < 1.0) {
            return refuse("renew_fraction", "it must lie between 0 and 1".to_owned());
        }
        let odd = |email: &String| {
            !email.contains('@') || email.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        if let Some(email) = self.email.as_ref().filter(|email| odd(email)) {
            return refuse("email", format!("{email:?} is no address"));
        }
        Ok(self)
    }

    /// The name of what belongs to this directory, for files.
    pub(crate) fn account_name(&self) -> String {
        let url = self.directory.parse::<http::Uri>().ok();
        let host = url.as_ref().and_then(|url| url.host()).unwrap_or("ca");
        format!("{host}-{}", fingerprint([self.directory.as_str()]))
    }

    /// The name of what belongs to this directory and set of domains, in whatever order.
    pub(crate) fn certificate_name(&self) -> String {
        let mut sorted: Vec<&str> = self.domains.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let name = sorted.first().copied().unwrap_or_default();
        format!("{name}-{}", fingerprint([self.directory.as_str()].into_iter().chain(sorted)))
    }
}

/// What is wrong with a domain for these challenges.
fn unfit(domain: &str) -> Option<&'static str> {
    if domain.starts_with("*.") {
        return Some("is a wildcard, which neither http-01 nor tls-alpn-01 can verify");
    }
    if domain.parse::<std::net::IpAddr>().is_ok() {
        return Some("is an address, not a name");
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let fits = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label);
    (!fits).then_some("is no domain name")
}

fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(domains: &[&str]) -> AcmeSettings {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        AcmeSettings::new("https://ca.example/dir".to_owned(), domains, "/data".into())
    }

    #[test]
    fn names_that_no_challenge_can_verify_are_refused() {
        for domain in
            ["*.example.com", "127.0.0.1", "a..b", "-a.example", "a_b.example", "local", ""]
        {
            let refused = settings(&[domain]).check().unwrap_err();
            assert!(refused.to_string().starts_with("acme.domains: "), "{domain}: {refused}");
        }
        assert!(settings(&[]).check().is_err());
        assert!(settings(&["xn--bcher-kva.example", "A.example.com"]).check().is_ok());
    }

    #[test]
    fn other_settings_are_checked_too() {
        let mut plain = settings(&["a.example"]);
        plain.directory = "http://ca.example/dir".to_owned();
        assert!(plain.check().unwrap_err().to_string().contains("no https URL"));
        for fraction in [0.0, 1.0, f64::NAN] {
            let mut odd = settings(&["a.example"]);
            odd.renew_fraction = fraction;
            assert!(odd.check().is_err());
        }
        let mut odd = settings(&["a.example"]);
        odd.email = Some("a b@example.com".to_owned());
        assert!(odd.check().is_err());
    }

    #[test]
    fn files_are_named_after_directory_and_set_of_domains() {
        let one = settings(&["a.example", "b.example"]);
        let turned = settings(&["b.example", "a.example"]);
        let fewer = settings(&["a.example"]);
        let mut elsewhere = one.clone();
        elsewhere.directory = "https://staging.example/dir".to_owned();
        assert_eq!(one.certificate_name(), turned.certificate_name());
        assert!(one.certificate_name().starts_with("a.example-"));
        assert_ne!(one.certificate_name(), fewer.certificate_name());
        assert_ne!(one.certificate_name(), elsewhere.certificate_name());
        assert!(elsewhere.account_name().starts_with("staging.example-"));
    }
}
