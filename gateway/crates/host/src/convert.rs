//! Between the generated types and those of the `domain` crate.

use tollgate_domain::{
    Admission, Allowance, Call, Charge, Denial, Ending, Event, Failure, FailureKind, FinishReason,
    KeyLimits, LimitHit, NanoUsd, Observed, Outcome, Pricing, Principal, Scopes, ToolCallDelta,
    Usage,
};

use crate::bindings::types as wit;

pub(crate) fn scopes_to_wit(scopes: Scopes) -> wit::Scopes {
    let granted = [
        (scopes.call_models, wit::Scopes::CALL_MODELS),
        (scopes.manage_keys, wit::Scopes::MANAGE_KEYS),
        (scopes.read_spend, wit::Scopes::READ_SPEND),
        (scopes.administer, wit::Scopes::ADMINISTER),
    ];
    granted
        .into_iter()
        .filter(|(given, _)| *given)
        .fold(wit::Scopes::empty(), |flags, (_, flag)| flags | flag)
}

fn scopes(flags: wit::Scopes) -> Scopes {
    Scopes {
        call_models: flags.contains(wit::Scopes::CALL_MODELS),
        manage_keys: flags.contains(wit::Scopes::MANAGE_KEYS),
        read_spend: flags.contains(wit::Scopes::READ_SPEND),
        administer: flags.contains(wit::Scopes::ADMINISTER),
    }
}

pub(crate) fn key_limits_to_wit(limits: KeyLimits) -> wit::KeyLimits {
    wit::KeyLimits {
        requests_per_minute: limits.requests_per_minute,
        max_budget: limits.max_budget.map(NanoUsd::get),
    }
}

pub(crate) fn principal_to_wit(principal: &Principal) -> wit::Principal {
    wit::Principal {
        key_id: principal.key_id.clone(),
        key_name: principal.key_name.clone(),
        key_alias: principal.key_alias.clone(),
        user_id: principal.user_id.clone(),
        team_id: principal.team_id.clone(),
        models: principal.models.clone(),
        scopes: scopes_to_wit(principal.scopes),
        limits: key_limits_to_wit(principal.limits),
    }
}

pub(crate) fn principal(principal: wit::Principal) -> Principal {
    Principal {
        key_id: principal.key_id,
        key_name: principal.key_name,
        key_alias: principal.key_alias,
        user_id: principal.user_id,
        team_id: principal.team_id,
        models: principal.models,
        scopes: scopes(principal.scopes),
        limits: KeyLimits {
            requests_per_minute: principal.limits.requests_per_minute,
            max_budget: principal.limits.max_budget.map(NanoUsd::new),
        },
    }
}

/// A status that is no refusal would tell the client that all is well; it becomes 500.
pub(crate) fn denial(denial: wit::Denial) -> Denial {
    Denial {
        status: if (400..600).contains(&denial.status) { denial.status } else { 500 },
        kind: denial.kind,
        message: denial.message,
        param: denial.param,
        limit: denial.limit.map(|hit| LimitHit {
            kind: hit.kind,
            limit: hit.limit,
            resets_at: hit.resets_at,
        }),
    }
}

pub(crate) fn call_to_wit(call: &Call) -> wit::Call {
    wit::Call {
        id: call.id.to_string(),
        dialect: call.dialect.name().to_owned(),
        model: call.model.clone(),
        streamed: call.streamed,
        input_bound: call.input_bound,
        output_cap: call.output_cap,
        choices: call.choices,
        candidates: call
            .candidates
            .iter()
            .map(|candidate| wit::Candidate {
                deployment: candidate.deployment.clone(),
                output_max: candidate.output_max,
            })
            .collect(),
    }
}

pub(crate) fn admission(admission: wit::Admission) -> Admission {
    let allowances = admission.allowances.into_iter();
    Admission {
        reserved: NanoUsd::new(admission.reserved),
        output_cap: admission.output_cap,
        allowances: allowances
            .map(|allowance| Allowance {
                kind: allowance.kind,
                limit: allowance.limit,
                remaining: allowance.remaining,
            })
            .collect(),
    }
}

fn usage_to_wit(usage: Usage) -> wit::Usage {
    wit::Usage {
        input: usage.input,
        output: usage.output,
        cached_input: usage.cached_input,
        cache_write: usage.cache_write,
        reasoning: usage.reasoning,
    }
}

pub(crate) fn usage(usage: wit::Usage) -> Usage {
    Usage {
        input: usage.input,
        output: usage.output,
        cached_input: usage.cached_input,
        cache_write: usage.cache_write,
        reasoning: usage.reasoning,
        ..Usage::default()
    }
}

pub(crate) fn outcome_to_wit(outcome: &Outcome) -> wit::Outcome {
    wit::Outcome {
        deployment: outcome.deployment.clone(),
        ending: match outcome.ending {
            Ending::Success => wit::Ending::Success,
            Ending::Failure => wit::Ending::Failure,
            Ending::Interrupted => wit::Ending::Interrupted,
        },
        usage: match outcome.usage {
            Observed::Reported(usage) => wit::Observed::Reported(usage_to_wit(usage)),
            Observed::Estimated(usage) => wit::Observed::Estimated(usage_to_wit(usage)),
            Observed::Nothing => wit::Observed::Nothing,
        },
    }
}

pub(crate) fn charge(charge: wit::Charge) -> Charge {
    Charge {
        amount: NanoUsd::new(charge.amount),
        input: NanoUsd::new(charge.input),
        cached: NanoUsd::new(charge.cached),
        output: NanoUsd::new(charge.output),
        pricing: match charge.pricing {
            wit::Pricing::Priced(version) => Pricing::Priced(version),
            wit::Pricing::Unpriced => Pricing::Unpriced,
        },
    }
}

pub(crate) fn failure(failure: wit::Failure) -> Failure {
    Failure {
        kind: match failure.kind {
            wit::FailureKind::InvalidRequest => FailureKind::InvalidRequest,
            wit::FailureKind::Authentication => FailureKind::Authentication,
            wit::FailureKind::Permission => FailureKind::Permission,
            wit::FailureKind::NotFound => FailureKind::NotFound,
            wit::FailureKind::ContextWindow => FailureKind::ContextWindow,
            wit::FailureKind::ContentPolicy => FailureKind::ContentPolicy,
            wit::FailureKind::RateLimited => FailureKind::RateLimited,
            wit::FailureKind::Unavailable => FailureKind::Unavailable,
            wit::FailureKind::Malformed => FailureKind::Malformed,
        },
        message: failure.message,
        param: failure.param,
        code: failure.code,
    }
}

pub(crate) fn event(event: wit::Event) -> Event {
    match event {
        wit::Event::Text(text) => Event::Text(text),
        wit::Event::Reasoning(text) => Event::Reasoning(text),
        wit::Event::ToolCall(delta) => Event::ToolCall(ToolCallDelta {
            index: delta.index,
            id: delta.id,
            name: delta.name,
            arguments: delta.arguments,
        }),
        wit::Event::Finish(reason) => Event::Finish(match reason {
            wit::FinishReason::Stop => FinishReason::Stop,
            wit::FinishReason::Length => FinishReason::Length,
            wit::FinishReason::ToolCalls => FinishReason::ToolCalls,
            wit::FinishReason::ContentFilter => FinishReason::ContentFilter,
        }),
        wit::Event::Usage(used) => Event::Usage(usage(used)),
    }
}
