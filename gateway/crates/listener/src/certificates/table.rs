//! Certificates by name.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;

use super::pair::Pair;

/// Several certificates can have the same name: one with an RSA key, one with an EC key.
type ByName = HashMap<Box<str>, Vec<Arc<CertifiedKey>>>;

#[derive(Debug, Default)]
pub(super) struct Table {
    first: Vec<Arc<CertifiedKey>>,
    exact: ByName,
    /// `*.example.com` is here as `example.com`.
    wildcard: ByName,
}

// === impl Table ===

impl Table {
    pub(super) fn new<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Self {
        let mut table = Self::default();
        for pair in pairs {
            if table.first.is_empty() {
                table.first.push(Arc::clone(&pair.key));
            }
            for name in &pair.names {
                let (names, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut table.wildcard, parent),
                    None => (&mut table.exact, name.as_str()),
                };
                names.entry(name.into()).or_default().push(Arc::clone(&pair.key));
            }
        }
        table
    }

    /// The certificate for a name, with a key that the client can verify.
    pub(super) fn find(
        &self,
        name: Option<&str>,
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let named = name.and_then(|name| self.named(&name.to_ascii_lowercase()));
        let keys = named.unwrap_or(&self.first);
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        keys.iter().find(fits).or(keys.first()).map(Arc::clone)
    }

    fn named(&self, name: &str) -> Option<&Vec<Arc<CertifiedKey>>> {
        self.exact.get(name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.wildcard.get(parent)
        })
    }
}
