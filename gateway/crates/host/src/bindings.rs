//! Rust types and traits generated from `wit/`. The rest of this crate uses the short names below.
//!
//! One made-up world imports every capability and exports every role's interface, so that shared
//! types are generated once. No component implements it; `plugin.rs` calls a role's functions
//! with these types.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package tollgate:host;
            world every-role {
                import tollgate:policy/types@0.1.0;
                import tollgate:policy/http@0.1.0;
                import tollgate:policy/keys@0.1.0;
                import tollgate:policy/limits@0.1.0;
                import tollgate:policy/prices@0.1.0;
                import tollgate:policy/clock@0.1.0;
                import tollgate:policy/log@0.1.0;
                export tollgate:policy/authentication@0.1.0;
                export tollgate:policy/admission@0.1.0;
                export tollgate:policy/translation@0.1.0;
                export tollgate:policy/metering@0.1.0;
            }
        ",
        world: "tollgate:host/every-role",
        imports: { default: trappable },
        with: {
            "tollgate:policy/http.request": crate::state::LentRequest,
            "tollgate:policy/http.body": crate::state::LentBody,
            "tollgate:policy/http.response": crate::state::LentResponse,
        },
        require_store_data_send: true,
    });
}

pub(crate) use generated::exports::tollgate::policy::translation;
pub(crate) use generated::tollgate::policy::{clock, http, keys, limits, log, prices, types};
