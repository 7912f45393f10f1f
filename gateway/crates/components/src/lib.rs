//! The components that come with the gateway, as bytes in its binary: no file is needed to start.
//!
//! The build script makes them from the sources in `plugins/`. It also leaves them as files in
//! `target/components/`, for whoever wants to name one by its path.
//!
//! ```
//! // A component, not a core module: version word 0d 00 01 00.
//! assert!(tollgate_components::AUTHENTICATOR.starts_with(b"\0asm\x0d\0\x01\0"));
//! ```

macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm"))
    };
}

/// Virtual keys in the usual headers: `authenticator-key`.
pub const AUTHENTICATOR: &[u8] = built!("authenticator-key");

/// The ceilings that are written on a virtual key: `limiter-key`.
pub const LIMITER: &[u8] = built!("limiter-key");

/// Tokens times the price table: `meter-tokens`.
pub const METER: &[u8] = built!("meter-tokens");

/// The providers, each by the name that it describes itself with.
pub const PROVIDERS: &[(&str, &[u8])] = &[
    ("openai", built!("provider-openai")),
    ("mock", built!("provider-mock")),
    ("anthropic", built!("provider-anthropic")),
    ("cohere", built!("provider-cohere")),
    ("bedrock", built!("provider-bedrock")),
    ("gemini", built!("provider-gemini")),
];

/// An example of another policy, components that do nothing, and components that misbehave, each by
/// the name of its folder in `plugins/examples`.
#[cfg(feature = "fixtures")]
pub const FIXTURES: &[(&str, &[u8])] = &[
    ("authenticator-noop", built!("authenticator-noop")),
    ("authenticator-team-header", built!("authenticator-team-header")),
    ("fixture-bulk", built!("fixture-bulk")),
    ("fixture-decoder", built!("fixture-decoder")),
    ("fixture-flood", built!("fixture-flood")),
    ("fixture-grow", built!("fixture-grow")),
    ("fixture-hostcalls", built!("fixture-hostcalls")),
    ("fixture-recursion", built!("fixture-recursion")),
    ("fixture-spin", built!("fixture-spin")),
    ("fixture-limiter-trap", built!("fixture-limiter-trap")),
    ("fixture-meter-trap", built!("fixture-meter-trap")),
    ("fixture-trap", built!("fixture-trap")),
    ("fixture-wrong-role", built!("fixture-wrong-role")),
    ("limiter-noop", built!("limiter-noop")),
    ("meter-noop", built!("meter-noop")),
    ("provider-noop", built!("provider-noop")),
];
