//! What a provider is told of a deployment, and what it wants to be done for a call.

use tollgate_domain::{Edit, Event};

use super::wit;
use crate::convert;

/// The deployment that was chosen, as its provider sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// The provider name that it is configured with.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// The answer to give without asking anybody.
    pub mock_response: Option<String>,
    /// The options that the provider asks for, as far as they are configured.
    pub options: Vec<(String, String)>,
    /// Whether parameters that cannot be carried may be dropped.
    pub drop_params: bool,
}

/// A body for the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamBody {
    /// The call's own bytes with some members changed.
    Edited(Vec<Edit>),
    /// Another body.
    Replaced(Vec<u8>),
}

/// What a signature of AWS's version 4 is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsScope {
    /// The service.
    pub service: String,
    /// The region.
    pub region: String,
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
    /// The request is signed with AWS's version 4.
    Sigv4(AwsScope),
    /// A bearer token for the deployment's Google service account, for this scope.
    GoogleToken(String),
}

/// How an answer is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The whole body is one frame.
    Whole,
    /// Each event of an event stream is one.
    ServerSentEvents,
    /// Each message of AWS's event stream is one.
    AwsEventStream,
    /// Each line that is not empty is one.
    Lines,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It goes to the client as it is.
    PassThrough,
    /// It goes through a decoder.
    Decode(Framing),
}

/// A request for the upstream, without the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What becomes of the answer.
    pub reading: Reading,
    /// Parameters of the client that the request does not carry.
    pub dropped: Vec<String>,
}

/// What is to be done for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Ask the upstream.
    Send(UpstreamRequest),
    /// Answer with these events.
    Answer(Vec<Event>),
}

pub(super) fn target_to_wit(target: &Target) -> wit::Deployment {
    wit::Deployment {
        id: target.id.clone(),
        provider: target.provider.clone(),
        model: target.model.clone(),
        mock_response: target.mock_response.clone(),
        options: target.options.clone(),
        drop_params: target.drop_params,
    }
}

pub(super) fn of_wit(plan: wit::Plan) -> Plan {
    match plan {
        wit::Plan::Answer(events) => Plan::Answer(events.into_iter().map(convert::event).collect()),
        wit::Plan::Send(request) => Plan::Send(UpstreamRequest {
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: body(request.body),
            credential: request.credential.map(credential),
            reading: reading(request.reading),
            dropped: request.dropped,
        }),
    }
}

fn body(body: wit::UpstreamBody) -> UpstreamBody {
    match body {
        wit::UpstreamBody::Edited(edits) => {
            let edits = edits.into_iter();
            UpstreamBody::Edited(
                edits.map(|edit| Edit { member: edit.member, value: edit.value }).collect(),
            )
        }
        wit::UpstreamBody::Replaced(bytes) => UpstreamBody::Replaced(bytes),
    }
}

fn credential(scheme: wit::CredentialScheme) -> CredentialScheme {
    match scheme {
        wit::CredentialScheme::Bearer => CredentialScheme::Bearer,
        wit::CredentialScheme::Header(name) => CredentialScheme::Header(name),
        wit::CredentialScheme::Query(name) => CredentialScheme::Query(name),
        wit::CredentialScheme::Sigv4(scope) => {
            CredentialScheme::Sigv4(AwsScope { service: scope.service, region: scope.region })
        }
        wit::CredentialScheme::GoogleToken(scope) => CredentialScheme::GoogleToken(scope),
    }
}

fn reading(reading: wit::Reading) -> Reading {
    match reading {
        wit::Reading::PassThrough => Reading::PassThrough,
        wit::Reading::Decode(framing) => Reading::Decode(match framing {
            wit::Framing::Whole => Framing::Whole,
            wit::Framing::ServerSentEvents => Framing::ServerSentEvents,
            wit::Framing::AwsEventStream => Framing::AwsEventStream,
            wit::Framing::Lines => Framing::Lines,
        }),
    }
}
