//! Who may frame a site's pages. Browsers obey every policy that they are sent, so a second header
//! cannot allow what the first forbids: the site's `frame-ancestors` takes the place of the
//! upstream's, and all its other directives stay.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::fields::Fields;

const DIRECTIVE: &[u8] = b"frame-ancestors";
/// What browsers say of requests whose answer's policy they go by: pages and workers.
const GOVERNED: [&str; 8] =
    ["document", "iframe", "frame", "embed", "object", "worker", "sharedworker", "serviceworker"];

/// Who may frame a site's pages.
#[derive(Clone, Debug)]
pub(crate) struct Ancestors(HeaderValue);

// === impl Ancestors ===

impl Ancestors {
    /// From origins as the header has them. None: not printable ASCII.
    pub(crate) fn new(origins: &[String]) -> Option<Self> {
        HeaderValue::try_from(format!("frame-ancestors {}", origins.join(" "))).ok().map(Self)
    }

    /// Has a page sent whole. With an answer that it is unchanged, often without the policy that it
    /// was sent with, a browser would either lose that policy's other directives to the one that is
    /// added here, or keep one from before that forbids frames.
    pub(crate) fn apply_to_request(request: &mut impl Fields) {
        let headers = request.map();
        let validators = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];
        if !validators.iter().any(|name| headers.contains_key(name)) {
            return;
        }
        let kind = headers.get("sec-fetch-dest").and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| GOVERNED.contains(&kind)) {
            validators.iter().for_each(|name| request.remove(name));
        }
    }

    /// Leaves exactly one policy and no header that would forbid what it allows.
    pub(crate) fn apply(&self, answer: &mut impl Fields) {
        if answer.map().contains_key(header::X_FRAME_OPTIONS) {
            answer.remove(&header::X_FRAME_OPTIONS);
        }
        let kept = others(answer.map(), &header::CONTENT_SECURITY_POLICY);
        let policy = match kept {
            Some(kept) => joined(kept, self.0.as_bytes()).unwrap_or_else(|| self.0.clone()),
            None => self.0.clone(),
        };
        answer.set(&header::CONTENT_SECURITY_POLICY, policy);
        self.apply_report_only(answer);
    }

    /// A policy that is only reported would report what is allowed here.
    fn apply_report_only(&self, answer: &mut impl Fields) {
        let name = header::CONTENT_SECURITY_POLICY_REPORT_ONLY;
        if !answer.map().contains_key(&name) {
            return;
        }
        let kept = others(answer.map(), &name).and_then(|kept| HeaderValue::try_from(kept).ok());
        match kept {
            Some(kept) => answer.set(&name, kept),
            None => answer.remove(&name),
        }
    }
}

/// All policies of this name but their `frame-ancestors`, in one value. None: nothing is left.
fn others(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    // Neither commas nor semicolons can stand in a directive's value.
    let policies =
        headers.get_all(name).into_iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    for policy in policies {
        let mut separator: &[u8] = if kept.is_empty() { b"" } else { b", " };
        for directive in policy.split(|b| *b == b';').map(<[u8]>::trim_ascii) {
            if directive.is_empty() || is_frame_ancestors(directive) {
                continue;
            }
            kept.extend_from_slice(separator);
            kept.extend_from_slice(directive);
            separator = b"; ";
        }
    }
    (!kept.is_empty()).then_some(kept)
}

fn is_frame_ancestors(directive: &[u8]) -> bool {
    let name = directive.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    name.eq_ignore_ascii_case(DIRECTIVE)
}

fn joined(mut kept: Vec<u8>, own: &[u8]) -> Option<HeaderValue> {
    kept.extend_from_slice(b"; ");
    kept.extend_from_slice(own);
    HeaderValue::try_from(kept).ok()
}

#[cfg(test)]
mod tests;
