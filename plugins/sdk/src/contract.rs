//! Bindings of everything that a host grants to any role. A component imports only what it uses:
//! what is not called is left out when it is linked.

#[expect(missing_docs, reason = "generated: modules without documentation")]
mod generated {
    wit_bindgen::generate!({
        inline: "
            package tollgate:sdk;
            world guest {
                import tollgate:policy/types@0.1.0;
                import tollgate:policy/http@0.1.0;
                import tollgate:policy/keys@0.1.0;
                import tollgate:policy/limits@0.1.0;
                import tollgate:policy/prices@0.1.0;
                import tollgate:policy/clock@0.1.0;
                import tollgate:policy/log@0.1.0;
            }
        ",
        path: "../../wit",
        generate_all,
        additional_derives: [PartialEq],
    });
}

pub use generated::tollgate::policy::{clock, http, keys, limits, log, prices, types};
