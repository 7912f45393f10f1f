//! For the bench: a limiter that admits every call and reserves nothing.

tollgate_sdk::limiter!("../../../wit", Noop);

struct Noop;

impl Guest for Noop {
    fn admit(_principal: Principal, _call: Call) -> Result<Admission, Denial> {
        Ok(Admission { reserved: 0, output_cap: None, allowances: Vec::new() })
    }
}
