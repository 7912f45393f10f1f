//! A provider's answer made into events, frame by frame, in one instance.

use std::sync::Arc;
use std::time::Instant;

use tollgate_domain::{Call, Event, Failure, Frame};
use wasmtime::component::ResourceAny;

use super::plan::{self, Target};
use super::{Provider, wit};
use crate::bindings::types;
use crate::convert;
use crate::load::Why;
use crate::outcome::Ran;
use crate::plugin::{Function, Held, Plugin, Signature};
use crate::state::Lent;

/// Makes events of one answer. The instance goes with it, and earlier if one of its calls fails.
pub struct Decoder {
    provider: Arc<Provider>,
    held: Held,
    decoder: ResourceAny,
}

/// The functions of the contract's resource.
pub(super) struct Decoding {
    make: Function<Make>,
    push: Function<Push>,
    finish: Function<Finish>,
}

type Decoded = Result<Vec<types::Event>, types::Failure>;

struct Make;
struct Push;
struct Finish;

impl Signature for Make {
    type Params<'a> = (&'a types::Call, &'a wit::Deployment);
    type Returns = (ResourceAny,);
}

impl Signature for Push {
    type Params<'a> = (ResourceAny, &'a [wit::Frame]);
    type Returns = (Decoded,);
}

impl Signature for Finish {
    type Params<'a> = (ResourceAny,);
    type Returns = (Decoded,);
}

// === impl Decoding ===

impl Decoding {
    /// Finds the functions and checks their types.
    pub(super) fn of(plugin: &Plugin) -> Result<Self, Why> {
        Ok(Self {
            make: plugin.function("[constructor]decoder")?,
            push: plugin.function("[method]decoder.push")?,
            finish: plugin.function("[method]decoder.finish")?,
        })
    }
}

// === impl Provider ===

impl Provider {
    /// Begins an answer to a call, in an instance of its own.
    pub async fn decoder(
        self: &Arc<Self>,
        call: &Call,
        target: &Target,
    ) -> Ran<Decoder, std::convert::Infallible> {
        let began = Instant::now();
        let lent = Lent { call: Some(call.id), ..Lent::default() };
        let (facts, target) = (convert::call_to_wit(call), plan::target_to_wit(target));
        let ran = self.plugin.hold(&self.decoding.make, lent, (&facts, &target)).await;
        let provider = Arc::clone(self);
        let ran = ran.answered(|(held, (decoder,))| Ok(Decoder { provider, held, decoder }));
        self.plugin.watched(began, ran)
    }
}

// === impl Decoder ===

impl Decoder {
    /// Gives the events of the next frames. After anything but a value the answer is at its end.
    pub async fn push(&mut self, frames: Vec<Frame>) -> Ran<Vec<Event>, Failure> {
        let began = Instant::now();
        let frames: Vec<wit::Frame> = frames
            .into_iter()
            .map(|frame| wit::Frame { name: frame.name, data: frame.data.into() })
            .collect();
        let Provider { plugin, decoding, .. } = &*self.provider;
        let params = (self.decoder, frames.as_slice());
        let ran = plugin.call_held(&mut self.held, &decoding.push, Lent::default(), params).await;
        plugin.watched(began, ran.answered(|(decoded,)| events(decoded)))
    }

    /// The upstream has closed the answer: gives the last events, or says that it is not whole.
    pub async fn finish(&mut self) -> Ran<Vec<Event>, Failure> {
        let began = Instant::now();
        let Provider { plugin, decoding, .. } = &*self.provider;
        let params = (self.decoder,);
        let ran = plugin.call_held(&mut self.held, &decoding.finish, Lent::default(), params).await;
        plugin.watched(began, ran.answered(|(decoded,)| events(decoded)))
    }
}

fn events(decoded: Decoded) -> Result<Vec<Event>, Failure> {
    match decoded {
        Ok(events) => Ok(events.into_iter().map(convert::event).collect()),
        Err(failure) => Err(convert::failure(failure)),
    }
}
