//! One macro per role. Each makes the bindings of the role's world in a module `bindings`, brings
//! the trait `Guest` and its types into scope, and exports the given type.
//!
//! The bindings are made in the component's own crate, not here, since every world that a crate
//! binds becomes part of each component that links it.

/// Exports a type as an authenticator. The first argument is the path from the crate's manifest
/// to the contract's folder.
#[macro_export]
macro_rules! authenticator {
    ($wit:literal, $component:ident) => {
        $crate::bind!("authenticator", $wit, {
            "tollgate:policy/http@0.1.0": ::tollgate_sdk::http,
            "tollgate:policy/keys@0.1.0": ::tollgate_sdk::keys,
            "tollgate:policy/clock@0.1.0": ::tollgate_sdk::clock,
        });
        use bindings::exports::tollgate::policy::authentication::Guest;
        use $crate::http::Request;
        use $crate::types::{Denial, Principal};
        bindings::export!($component with_types_in bindings);
    };
}

/// Exports a type as a limiter. The first argument is the path from the crate's manifest to the
/// contract's folder.
#[macro_export]
macro_rules! limiter {
    ($wit:literal, $component:ident) => {
        $crate::bind!("limiter", $wit, {
            "tollgate:policy/limits@0.1.0": ::tollgate_sdk::limits,
            "tollgate:policy/prices@0.1.0": ::tollgate_sdk::prices,
            "tollgate:policy/clock@0.1.0": ::tollgate_sdk::clock,
        });
        use bindings::exports::tollgate::policy::admission::Guest;
        use $crate::types::{Admission, Call, Denial, Principal};
        bindings::export!($component with_types_in bindings);
    };
}

/// Exports a type as a provider. The first argument is the path from the crate's manifest to the
/// contract's folder.
///
/// The trait `Guest` wants a type `Decoder` that implements `GuestDecoder`, whose methods take
/// `&self`: what a decoder remembers is kept in a cell. A provider whose answers all pass through
/// says `tollgate_sdk::no_decoder!();` and `type Decoder = Refusing;`.
#[macro_export]
macro_rules! provider {
    ($wit:literal, $component:ident) => {
        $crate::bind!("provider", $wit, {
            "tollgate:policy/http@0.1.0": ::tollgate_sdk::http,
        });
        use bindings::exports::tollgate::policy::translation::{
            Deployment, Frame, Guest, GuestDecoder, Observation, Plan, Traits,
        };
        use $crate::http::{Body, Response};
        use $crate::types::{Call, Event, Failure};
        bindings::export!($component with_types_in bindings);
    };
}

/// Makes a type `Refusing` that implements `GuestDecoder`, for a provider whose answers all pass
/// through: it says that there is nothing to decode. Goes below [`provider!`].
#[macro_export]
macro_rules! no_decoder {
    () => {
        /// Decodes nothing: the provider's answers pass through.
        struct Refusing;

        impl GuestDecoder for Refusing {
            fn new(_call: Call, _deployment: Deployment) -> Self {
                Self
            }

            fn push(&self, _frames: Vec<Frame>) -> Result<Vec<Event>, Failure> {
                Err($crate::undecodable())
            }

            fn finish(&self) -> Result<Vec<Event>, Failure> {
                Err($crate::undecodable())
            }
        }
    };
}

/// Exports a type as a meter. The first argument is the path from the crate's manifest to the
/// contract's folder.
#[macro_export]
macro_rules! meter {
    ($wit:literal, $component:ident) => {
        $crate::bind!("meter", $wit, {
            "tollgate:policy/prices@0.1.0": ::tollgate_sdk::prices,
            "tollgate:policy/clock@0.1.0": ::tollgate_sdk::clock,
        });
        use bindings::exports::tollgate::policy::metering::Guest;
        use $crate::types::{Call, Charge, Outcome, Principal};
        bindings::export!($component with_types_in bindings);
    };
}

/// Binds a world to the types of this crate, interface by interface.
#[doc(hidden)]
#[macro_export]
macro_rules! bind {
    ($world:literal, $wit:literal, { $($with:tt)* }) => {
        mod bindings {
            $crate::wit_bindgen::generate!({
                world: $world,
                path: $wit,
                runtime_path: "::tollgate_sdk::wit_bindgen::rt",
                additional_derives: [PartialEq],
                with: {
                    "tollgate:policy/types@0.1.0": ::tollgate_sdk::types,
                    "tollgate:policy/log@0.1.0": ::tollgate_sdk::log,
                    $($with)*
                },
            });
        }
    };
}
