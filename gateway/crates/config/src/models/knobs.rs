//! What a row says of routing.

use tollgate_routing::{Ceilings, Knobs};

use crate::reader::Field;
use crate::section::Section;

/// The places where a row can say how much it may be asked: LiteLLM reads all three.
pub(super) struct Places<'s, 'a> {
    pub(super) row: [Field<'a>; 2],
    pub(super) params: &'s mut Section<'a>,
    pub(super) info: &'s mut Section<'a>,
}

/// Reads them. The price comes later, when it is known.
pub(super) fn read(places: Places<'_, '_>) -> Knobs {
    let Places { row: [row_calls, row_tokens], params, info } = places;
    let mut first = |key, row: Field<'_>| {
        let fields = [params.take(key), row, info.take(key)];
        fields.iter().find(|field| field.is_present()).and_then(|field| field.figure(1..=u32::MAX))
    };
    let ceilings = Ceilings {
        calls: first("rpm", row_calls),
        tokens: first("tpm", row_tokens),
        parallel: params.take("max_parallel_requests").figure(1..=u32::MAX),
    };
    let (retries, sdk_retries) = (params.take("num_retries"), params.take("max_retries"));
    let retries = if retries.is_present() { retries } else { sdk_retries };
    Knobs {
        weight: params.take("weight").parsed("a number of 0 or more", |text| {
            text.parse::<f64>().ok().filter(|weight| *weight >= 0.0 && weight.is_finite())
        }),
        order: params.take("order").figure(0..=u32::MAX),
        ceilings,
        price: None,
        retries: retries.figure(0..=super::RETRIES_MAX),
        cooldown: params.take("cooldown_time").seconds_or_none(),
    }
}
