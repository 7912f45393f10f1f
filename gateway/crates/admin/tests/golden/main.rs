//! Runs the cases in `cases/` against the management API: what LiteLLM was recorded to answer,
//! with what differs on purpose said in each case's `note`.
//!
//! A case is a list of steps. A step is a request and what is expected of its answer, or a change
//! of the world around. In an expected body `<…>` stands for a value that differs from run to run
//! (see `expect.rs`), and `"...": true` in an object lets it have more fields.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod expect;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tollgate_admin::{AdminRequest, LedgerBook, Routed, method_not_allowed, not_found, route};
use tollgate_ledger::{Ledger, LedgerSettings};

use expect::{Names, check, fill};
use world::World;

#[tokio::test]
async fn answers_are_those_of_the_recorded_contract() {
    for (name, case) in cases() {
        run(&name, &case, World::new(None)).await;
    }
}

#[tokio::test]
async fn they_are_the_same_with_the_ledger_as_store() {
    for (name, case) in cases() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(LedgerSettings::new(dir.path())).await.unwrap());
        let world = World::new(Some(Arc::new(LedgerBook(Arc::clone(&ledger)))));
        let has_outage =
            case["steps"].as_array().unwrap().iter().any(|step| step.get("store").is_some());
        if !has_outage {
            run(&name, &case, world).await;
        }
    }
}

fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, case)
    };
    let cases: Vec<_> = fs::read_dir(folder).unwrap().map(read).collect();
    assert!(cases.len() >= 20, "only {} cases were found", cases.len());
    cases
}

async fn run(name: &str, case: &Value, world: World) {
    let mut names: Names = BTreeMap::new();
    for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        let place = format!("{name}, step {}", index + 1);
        let step = fill(step, &names);
        if world.changes(&step) {
            continue;
        }
        let answer = ask(&world, &step).await;
        let body = serde_json::from_slice(&answer.body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&answer.body).into_owned()));
        assert_eq!(Some(u64::from(answer.status)), step["status"].as_u64(), "{place}: {body}");
        check(&step["body"], &body, &mut names).unwrap_or_else(|what| panic!("{place}: {what}"));
        let headers: BTreeMap<_, _> =
            answer.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let none = Value::Object(serde_json::Map::new());
        let expected = step.get("headers").unwrap_or(&none);
        assert_eq!(serde_json::to_value(headers).unwrap(), *expected, "{place}");
    }
}

/// Does what the edge does.
async fn ask(world: &World, step: &Value) -> tollgate_admin::AdminResponse {
    let (method, target) = step["request"].as_str().unwrap().split_once(' ').unwrap();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let body = step.get("send").map(Value::to_string).unwrap_or_default();
    let principal = world.principal(step["as"].as_str().unwrap_or("master")).await;
    match route(method, path) {
        Routed::Found(route) => {
            let request = AdminRequest {
                method,
                path,
                query,
                body: body.as_bytes(),
                principal: principal.as_ref(),
            };
            world.admin.handle(route, request).await
        }
        Routed::MethodNotAllowed { allow } => method_not_allowed(allow),
        Routed::NotFound => not_found(),
    }
}
