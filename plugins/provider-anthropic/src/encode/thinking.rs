//! How much a model thinks, as the client's effort wants it.

use serde_json::value::RawValue;
use tollgate_neutral::write::ObjectWriter;
use tollgate_neutral::{Effort, Loss, Object};
use tollgate_sdk::types::{Failure, Tokens};

use super::Cap;
use crate::model::{Model, Thinking};

/// The least number of tokens that can be thought with.
const BUDGET_MIN: Tokens = 1024;

/// What is said of thinking.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan<'a> {
    /// Nothing: the model keeps its habit.
    Habit,
    /// What the client says in Anthropic's own words.
    Given(&'a RawValue),
    /// None.
    Off,
    /// With so many tokens.
    Budget(Tokens),
    /// As the model sees fit.
    Adaptive {
        /// How eagerly.
        effort: &'static str,
        /// Whether a summary has to be asked for.
        summarized: bool,
    },
}

/// Plans the thinking, and with it the cap of the answer, which counts what is thought in. The
/// client's own `thinking` comes before an effort.
pub(super) fn plan<'a>(
    model: Model,
    given: Option<&'a RawValue>,
    effort: Option<Effort>,
    cap: Cap,
    loss: &mut Loss,
) -> Result<(Plan<'a>, Tokens), Failure> {
    let (Cap::Fixed(max_tokens) | Cap::Assumed(max_tokens)) = cap;
    if let Some(thinking) = given {
        return Ok((Plan::Given(thinking), max_tokens));
    }
    let Some(effort) = effort else {
        return Ok((Plan::Habit, max_tokens));
    };
    let plan = match model.thinking() {
        Thinking::No | Thinking::Budget if effort == Effort::None => Some(Plan::Habit),
        Thinking::No => None,
        Thinking::Budget => return budget(effort, cap, loss),
        _ if effort == Effort::None => model.can_do_without_thinking().then_some(Plan::Off),
        Thinking::Adaptive => {
            Some(Plan::Adaptive { effort: word(effort, "high"), summarized: false })
        }
        Thinking::AdaptiveWithExtra => {
            Some(Plan::Adaptive { effort: word(effort, "xhigh"), summarized: true })
        }
    };
    match plan {
        Some(plan) => Ok((plan, max_tokens)),
        None => lost(max_tokens, loss),
    }
}

/// A budget must leave room for an answer below the cap. Where the cap is only assumed, it is
/// raised by the budget.
fn budget<'a>(effort: Effort, cap: Cap, loss: &mut Loss) -> Result<(Plan<'a>, Tokens), Failure> {
    let wanted = budget_of(effort);
    match cap {
        Cap::Assumed(answer) => Ok((Plan::Budget(wanted), answer.saturating_add(wanted))),
        Cap::Fixed(cap) if cap > BUDGET_MIN => Ok((Plan::Budget(wanted.min(cap - 1)), cap)),
        Cap::Fixed(cap) => lost(cap, loss),
    }
}

fn lost<'a>(max_tokens: Tokens, loss: &mut Loss) -> Result<(Plan<'a>, Tokens), Failure> {
    loss.drop("reasoning_effort")?;
    Ok((Plan::Habit, max_tokens))
}

/// Tokens that stand for an effort, as LiteLLM counts them.
fn budget_of(effort: Effort) -> Tokens {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => BUDGET_MIN,
        Effort::Medium => 2048,
        Effort::High => 4096,
        Effort::XHigh => 8192,
        Effort::Max => 16384,
    }
}

/// Anthropic's word for an effort. `extra`: the one below `max`.
fn word(effort: Effort, extra: &'static str) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh => extra,
        Effort::Max => "max",
    }
}

// === impl Plan ===

impl Plan<'_> {
    /// Whether the model is made to think within the answer that is asked for.
    pub(super) fn is_on(&self) -> bool {
        match self {
            Self::Habit | Self::Off => false,
            Self::Given(thinking) => {
                let thinking = Object::of(thinking).unwrap_or_default();
                thinking.text("type").is_none_or(|kind| kind != "disabled")
            }
            Self::Budget(_) | Self::Adaptive { .. } => true,
        }
    }

    /// The effort to put beside it.
    pub(super) fn effort(&self) -> Option<&'static str> {
        match self {
            Self::Adaptive { effort, .. } => Some(effort),
            _ => None,
        }
    }

    /// Writes the member `thinking`, if there is something to be said.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        match self {
            Self::Habit => (),
            Self::Given(thinking) => o.raw("thinking", thinking),
            Self::Off => o.object("thinking", |o| o.text("type", "disabled")),
            Self::Budget(tokens) => o.object("thinking", |o| {
                o.text("type", "enabled");
                o.count("budget_tokens", *tokens);
            }),
            Self::Adaptive { summarized, .. } => o.object("thinking", |o| {
                o.text("type", "adaptive");
                if *summarized {
                    o.text("display", "summarized");
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORTS: [Effort; 7] = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
        Effort::Max,
    ];

    fn planned(model: &str, effort: Effort, cap: Cap) -> Option<(Plan<'static>, Tokens)> {
        let mut loss = Loss::new("Anthropic", true);
        let planned = plan(Model::named(model), None, Some(effort), cap, &mut loss).unwrap();
        loss.into_dropped().is_empty().then_some(planned)
    }

    #[test]
    fn a_budget_fits_below_every_cap_or_is_lost() {
        for effort in EFFORTS.into_iter().skip(1) {
            for cap in [1, 1024, 1025, 2048, 5000, 64_000] {
                match planned("claude-3-7-sonnet", effort, Cap::Fixed(cap)) {
                    Some((Plan::Budget(budget), max_tokens)) => {
                        assert!((BUDGET_MIN..cap).contains(&budget), "{effort:?} {cap} {budget}");
                        assert_eq!(max_tokens, cap);
                    }
                    None => assert!(cap <= BUDGET_MIN),
                    other => panic!("{other:?}"),
                }
            }
            let Some((Plan::Budget(budget), max_tokens)) =
                planned("claude-sonnet-4-5", effort, Cap::Assumed(4096))
            else {
                panic!("{effort:?}");
            };
            assert_eq!(max_tokens, 4096 + budget);
        }
    }

    #[test]
    fn more_effort_is_never_less_thinking() {
        for pair in EFFORTS.windows(2) {
            assert!(budget_of(pair[0]) <= budget_of(pair[1]));
        }
    }

    #[test]
    fn new_models_are_told_an_effort() {
        let effort = |model, effort| match planned(model, effort, Cap::Assumed(4096))? {
            (plan @ Plan::Adaptive { .. }, 4096) => plan.effort(),
            (Plan::Off, 4096) => Some("off"),
            other => panic!("{other:?}"),
        };
        assert_eq!(effort("claude-opus-4-6", Effort::XHigh), Some("high"));
        assert_eq!(effort("claude-opus-4-7", Effort::XHigh), Some("xhigh"));
        assert_eq!(effort("claude-opus-4-7", Effort::Minimal), Some("low"));
        assert_eq!(effort("claude-sonnet-5", Effort::Max), Some("max"));
        assert_eq!(effort("claude-sonnet-5", Effort::None), Some("off"));
        assert_eq!(effort("claude-opus-5-5", Effort::None), None);
    }

    #[test]
    fn models_that_cannot_think_lose_an_effort_but_not_its_absence() {
        assert!(planned("claude-3-5-haiku", Effort::Low, Cap::Assumed(4096)).is_none());
        let none = planned("claude-3-5-haiku", Effort::None, Cap::Assumed(4096));
        assert!(matches!(none, Some((Plan::Habit, 4096))));
    }
}
