//! How a provider speaks.

mod decoder;
mod plan;
mod traits;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use tollgate_domain::{Call, Document, Failure, Usage};
use wasmtime::component::Resource;

use crate::bindings::{translation as wit, types};
use crate::convert;
use crate::engine::Host;
use crate::lent::Answer;
use crate::load::{self, LoadError, PluginSettings, PluginSource, Why};
use crate::outcome::Ran;
use crate::plugin::{Function, Plugin, Seat, Signature};
use crate::state::{Lent, LentBody, LentResponse, handle};

pub use self::decoder::Decoder;
use self::decoder::Decoding;
pub use self::plan::{
    AwsScope, CredentialScheme, Framing, Plan, Reading, Target, UpstreamBody, UpstreamRequest,
};
pub use self::traits::{NativeDialect, ProviderName, Traits};
pub use tollgate_domain::Edit;

/// A component that speaks for a provider.
pub struct Provider {
    plugin: Plugin,
    encode: Function<Encode>,
    observe: Function<Observe>,
    explain: Function<Explain>,
    decoding: Decoding,
    traits: Traits,
}

/// A provider's part in one attempt at a deployment. All its functions run in one instance, which
/// the first of them makes; it is given up with this, at the latest.
pub struct Attempt<'p> {
    provider: &'p Provider,
    seat: Option<Seat>,
}

struct Describe;
struct Encode;
struct Observe;
struct Explain;

impl Signature for Describe {
    type Params<'a> = ();
    type Returns = (wit::Traits,);
}

impl Signature for Encode {
    type Params<'a> = (&'a types::Call, Resource<LentBody>, &'a wit::Deployment, Option<u64>);
    type Returns = (Result<wit::Plan, types::Failure>,);
}

impl Signature for Observe {
    type Params<'a> = (Resource<LentResponse>,);
    type Returns = (wit::Observation,);
}

impl Signature for Explain {
    type Params<'a> = (Resource<LentResponse>,);
    type Returns = (types::Failure,);
}

impl Host {
    /// Loads a provider and asks it to describe itself.
    pub async fn load_provider(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Provider, LoadError> {
        let refused = |why| LoadError::new(&load::PROVIDER, settings, source, why);
        let plugin = Plugin::load(self, &load::PROVIDER, settings, source)?;
        let describe = plugin.function::<Describe>("describe").map_err(refused)?;
        let traits = match plugin.call(&describe, Lent::default(), || ()).await {
            Ran::Value((told,)) => {
                traits::of_wit(&settings.name, told).map_err(Why::Describe).map_err(refused)?
            }
            Ran::Refused(never) => match never {},
            Ran::Trapped(why) => return Err(refused(Why::Describe(why))),
            Ran::Exceeded(limit) => return Err(refused(Why::Describe(limit.to_string()))),
        };
        Ok(Provider {
            encode: plugin.function("encode").map_err(refused)?,
            observe: plugin.function("observe").map_err(refused)?,
            explain: plugin.function("explain").map_err(refused)?,
            decoding: Decoding::of(&plugin).map_err(refused)?,
            plugin,
            traits,
        })
    }
}

impl Provider {
    /// What the provider says of itself.
    pub fn traits(&self) -> &Traits {
        &self.traits
    }

    /// SHA-256 of the component, for the ledger.
    pub fn digest(&self) -> &str {
        &self.plugin.digest
    }

    /// Begins an attempt.
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt { provider: self, seat: Some(Seat::empty()) }
    }
}

impl Attempt<'_> {
    /// Makes the upstream request, or the answer. The call's dialect is that of the body.
    pub async fn encode(
        &mut self,
        call: &Call,
        body: Arc<Document>,
        target: &Target,
        output_cap: Option<u64>,
    ) -> Ran<Plan, Failure> {
        let began = Instant::now();
        let lent = Lent { call: Some(call.id), body: Some(body), ..Lent::default() };
        let (facts, target) = (convert::call_to_wit(call), plan::target_to_wit(target));
        let params = || (&facts, handle(), &target, output_cap);
        let Provider { plugin, encode, .. } = self.provider;
        let ran = plugin.call_in(&mut self.seat, encode, lent, params).await;
        let ran = ran.answered(|(answer,)| answer.map(plan::of_wit).map_err(convert::failure));
        plugin.watched(began, ran)
    }

    /// Reads the usage out of an answer or a stream event.
    pub async fn observe(&mut self, answer: Answer) -> Ran<Option<Usage>, Infallible> {
        let began = Instant::now();
        let lent = Lent { answer: Some(answer), ..Lent::default() };
        let Provider { plugin, observe, .. } = self.provider;
        let ran = plugin.call_in(&mut self.seat, observe, lent, || (handle(),)).await;
        let ran = ran.answered(|(seen,)| Ok(seen.usage.map(convert::usage)));
        plugin.watched(began, ran)
    }

    /// Puts a failure into words common to all providers.
    pub async fn explain(&mut self, answer: Answer) -> Ran<Failure, Infallible> {
        let began = Instant::now();
        let lent = Lent { answer: Some(answer), ..Lent::default() };
        let Provider { plugin, explain, .. } = self.provider;
        let ran = plugin.call_in(&mut self.seat, explain, lent, || (handle(),)).await;
        let ran = ran.answered(|(failure,)| Ok(convert::failure(failure)));
        plugin.watched(began, ran)
    }

    /// Gives the instance up: what comes next may take long. The next function makes another, and
    /// each one after it.
    pub fn rest(&mut self) {
        self.seat = None;
    }
}
