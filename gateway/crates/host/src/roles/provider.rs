//! How a provider speaks.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use tollgate_domain::{Call, Document, Event, Failure, Usage};
use wasmtime::component::Resource;

use crate::bindings::{translation as wit, types};
use crate::convert;
use crate::engine::Host;
use crate::lent::Answer;
use crate::load::{self, LoadError, PluginSettings, PluginSource, Why};
use crate::outcome::Ran;
use crate::plugin::{Function, Plugin, Seat, Signature};
use crate::state::{Lent, LentBody, LentResponse, handle};

pub use tollgate_domain::Edit;

/// A dialect in which a provider's answers can go to the client as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeDialect {
    /// The dialect's name.
    pub dialect: String,
    /// The top-level member that carries the usage.
    pub usage_member: String,
}

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Its name in `litellm_params.model`.
    pub name: String,
    /// Where it is found if a deployment names no `api_base`.
    pub default_base: Option<String>,
    /// Dialects that pass through.
    pub native: Vec<NativeDialect>,
}

/// The deployment that was chosen, as its provider sees it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// The model's name at the provider.
    pub model: String,
    /// The answer to give without asking anybody.
    pub mock_response: Option<String>,
}

/// A body for the upstream.
#[derive(Clone, Debug)]
pub enum UpstreamBody {
    /// The client's own bytes with some members changed.
    Edited(Vec<Edit>),
    /// Another body.
    Replaced(Vec<u8>),
}

/// Where the deployment's credential belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialScheme {
    /// `Authorization: Bearer …`.
    Bearer,
    /// A header of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
}

/// A request for the upstream, without the credential.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// The method in capitals.
    pub method: String,
    /// Path and query, to be appended to the deployment's base.
    pub path: String,
    /// Headers of the provider's own.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: UpstreamBody,
    /// Where the credential belongs.
    pub credential: Option<CredentialScheme>,
}

/// What is to be done for a call.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Ask the upstream.
    Send(UpstreamRequest),
    /// Answer with these events.
    Answer(Vec<Event>),
}

/// A component that speaks for a provider.
pub struct Provider {
    plugin: Plugin,
    encode: Function<Encode>,
    observe: Function<Observe>,
    explain: Function<Explain>,
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
            Ran::Value((traits,)) => traits_from_wit(traits),
            Ran::Refused(never) => match never {},
            Ran::Trapped(why) => return Err(refused(Why::Describe(why))),
            Ran::Exceeded(limit) => return Err(refused(Why::Describe(limit.to_string()))),
        };
        Ok(Provider {
            encode: plugin.function("encode").map_err(refused)?,
            observe: plugin.function("observe").map_err(refused)?,
            explain: plugin.function("explain").map_err(refused)?,
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
    /// Makes the upstream request, or the answer.
    pub async fn encode(
        &mut self,
        call: &Call,
        body: Arc<Document>,
        target: &Target,
        output_cap: Option<u64>,
    ) -> Ran<Plan, Failure> {
        let began = Instant::now();
        let lent = Lent { call: Some(call.id), body: Some(body), ..Lent::default() };
        let facts = convert::call_to_wit(call);
        let target = wit::Deployment {
            id: target.id.clone(),
            model: target.model.clone(),
            mock_response: target.mock_response.clone(),
        };
        let params = || (&facts, handle(), &target, output_cap);
        let Provider { plugin, encode, .. } = self.provider;
        let ran = plugin.call_in(&mut self.seat, encode, lent, params).await;
        let ran = ran.answered(|(answer,)| answer.map(plan_from_wit).map_err(convert::failure));
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

fn traits_from_wit(traits: wit::Traits) -> Traits {
    let native = traits.native.into_iter();
    Traits {
        name: traits.name,
        default_base: traits.default_base,
        native: native
            .map(|native| NativeDialect {
                dialect: native.dialect,
                usage_member: native.usage_member,
            })
            .collect(),
    }
}

fn plan_from_wit(plan: wit::Plan) -> Plan {
    match plan {
        wit::Plan::Answer(events) => Plan::Answer(events.into_iter().map(convert::event).collect()),
        wit::Plan::Send(request) => Plan::Send(UpstreamRequest {
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: match request.body {
                wit::UpstreamBody::Edited(edits) => UpstreamBody::Edited(
                    edits
                        .into_iter()
                        .map(|edit| Edit { member: edit.member, value: edit.value })
                        .collect(),
                ),
                wit::UpstreamBody::Replaced(bytes) => UpstreamBody::Replaced(bytes),
            },
            credential: request.credential.map(|scheme| match scheme {
                wit::CredentialScheme::Bearer => CredentialScheme::Bearer,
                wit::CredentialScheme::Header(name) => CredentialScheme::Header(name),
                wit::CredentialScheme::Query(name) => CredentialScheme::Query(name),
            }),
        }),
    }
}
