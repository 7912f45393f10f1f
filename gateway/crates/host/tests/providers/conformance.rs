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
            let base = known.default_base.as_deref().unwrap_or("https://");
            assert!(base.contains("://") && !base.ends_with('/'), "{}: {base}", known.name);
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
fn every_translating_component_has_a_target_here() {
    let (runtime, host) = (runtime(), host::host());
    for (component, _) in tollgate_components::PROVIDERS {
        let provider = runtime.block_on(host::provider(&host, component));
        for known in
            provider.traits().names.iter().filter(|_| !provider.traits().translated.is_empty())
        {
            let is_target = |target: &&targets::Row| {
                target.component == *component && target.name == known.name
            };
            assert!(
                targets::ROWS.iter().any(|row| is_target(&row)),
                "{} {}",
                component,
                known.name
            );
        }
    }
}
