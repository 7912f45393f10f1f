//! The corpus, family by family.

mod bounds;
mod chunks;
mod codings;
mod connections;
mod headers;
mod lengths;
mod requests;

use crate::case::{Case, Corpus, get, wanted};

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut corpus = Corpus::default();
    lengths::add(&mut corpus);
    codings::add(&mut corpus);
    chunks::add(&mut corpus);
    headers::add(&mut corpus);
    requests::add(&mut corpus);
    connections::add(&mut corpus);
    bounds::add(&mut corpus);
    corpus.cases
}

/// An ordinary request, for after all the others.
pub(crate) fn last_one(number: usize) -> Case {
    let mut corpus = Corpus::default();
    corpus.family("after everything");
    corpus.passed("a fresh connection", get(""), wanted("GET", ""));
    let mut case = corpus.cases.remove(0);
    case.number = number;
    case.bytes = String::from_utf8_lossy(&case.bytes).replace("/k1", &case.path()).into_bytes();
    let path = case.path();
    case.expected.answered.iter_mut().for_each(|wanted| wanted.target = path.clone());
    case
}
