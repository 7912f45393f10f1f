//! What the contract asks of every provider that translates.

mod answers;
mod requests;
mod targets;
mod wishes;

use std::collections::BTreeSet;

use crate::host;

/// A runtime for one test.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn every_component_describes_itself_fully() {
    let (runtime, host) = (runtime(), host::host());
    let mut names = BTreeSet::new();
    for (component, _) in tollgate_components::PROVIDERS {
        let provider = runtime.block_on(host::provider(&host, component));
        let traits = provider.traits();
        for known in &traits.names {
            assert!(names.insert(known.name.clone()), "{} is described twice", known.name);
            if let Some(base) = &known.default_base {
                assert!(base.contains("://") && !base.ends_with('/'), "{}: {base}", known.name);
            }
        }
        for native in &traits.native {
            let unknown = native.names.iter().find(|name| traits.named(name).is_none());
            assert_eq!(unknown, None, "{component} has a dialect for a name that it has not");
        }
        for dialect in &traits.translated {
            assert_eq!(dialect.neutral(), Some(*dialect), "{component} translates {dialect:?}");
        }
    }
}

#[test]
fn the_configuration_knows_every_component_by_the_names_that_it_gives() {
    let (runtime, host) = (runtime(), host::host());
    let known = tollgate_config::EMBEDDED_PROVIDERS;
    assert_eq!(known.len(), tollgate_components::PROVIDERS.len());
    for embedded in known {
        let provider = runtime.block_on(host::provider(&host, embedded.component));
        let told: BTreeSet<_> = provider.traits().names.iter().map(|known| &*known.name).collect();
        let names: BTreeSet<_> = embedded.names.iter().copied().collect();
        assert_eq!(told, names, "{}", embedded.component);
    }
}

/// The component that answers by itself.
const ASKS_NOBODY: &str = "mock";

#[test]
fn every_translating_component_has_a_target_here() {
    let (runtime, host) = (runtime(), host::host());
    for (component, _) in tollgate_components::PROVIDERS {
        let provider = runtime.block_on(host::provider(&host, component));
        let traits = provider.traits();
        let is_checked = !traits.translated.is_empty() && *component != ASKS_NOBODY;
        for known in traits.names.iter().filter(|_| is_checked) {
            let mut rows = targets::ROWS.iter();
            let is_there = rows.any(|row| row.component == *component && row.name == known.name);
            assert!(is_there, "{component} as {}", known.name);
        }
    }
}
