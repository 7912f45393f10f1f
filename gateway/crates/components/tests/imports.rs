//! What the components ask of the host: nothing beyond what their role is granted.

use wit_component::DecodedWasm;

const AUTHENTICATOR: [&str; 5] = ["types", "http", "keys", "clock", "log"];
const LIMITER: [&str; 5] = ["types", "limits", "prices", "clock", "log"];
const METER: [&str; 4] = ["types", "prices", "clock", "log"];
const PROVIDER: [&str; 3] = ["types", "http", "log"];

/// The names of what a component imports and exports.
fn contract(bytes: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(bytes) else {
        return None;
    };
    let world = resolve.worlds.get(world)?;
    let names = |key| resolve.name_world_key(key);
    Some((world.imports.keys().map(names).collect(), world.exports.keys().map(names).collect()))
}

/// Checks a component's imports against its role's grants, and its only export.
fn assert_contract(name: &str, bytes: &[u8], grants: &[&str], export: &str) {
    let (imports, exports) = contract(bytes).unwrap_or_default();
    for import in imports {
        let granted = grants.iter().any(|grant| import == format!("tollgate:policy/{grant}@0.1.0"));
        assert!(granted, "{name} imports {import}");
    }
    assert_eq!(exports, [format!("tollgate:policy/{export}@0.1.0")], "{name}");
}

#[test]
fn the_gateways_components_import_what_their_role_is_granted() {
    use tollgate_components::{AUTHENTICATOR as KEY, LIMITER as CEILINGS, METER as TOKENS};

    assert_contract("authenticator-key", KEY, &AUTHENTICATOR, "authentication");
    assert_contract("limiter-key", CEILINGS, &LIMITER, "admission");
    assert_contract("meter-tokens", TOKENS, &METER, "metering");
    for (name, bytes) in tollgate_components::PROVIDERS {
        assert_contract(name, bytes, &PROVIDER, "translation");
    }
}

#[cfg(feature = "fixtures")]
#[test]
fn fixtures_are_components_of_their_role_too() {
    for (name, bytes) in tollgate_components::FIXTURES {
        match *name {
            "limiter-noop" | "fixture-limiter-trap" => {
                assert_contract(name, bytes, &LIMITER, "admission");
            }
            "provider-noop" | "fixture-decoder" => {
                assert_contract(name, bytes, &PROVIDER, "translation")
            }
            "meter-noop" | "fixture-meter-trap" | "fixture-wrong-role" => {
                assert_contract(name, bytes, &METER, "metering");
            }
            _ => assert_contract(name, bytes, &AUTHENTICATOR, "authentication"),
        }
    }
}
