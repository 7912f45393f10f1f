//! How much a model thinks, as the client's effort wants it: a member of
//! `additionalModelRequestFields`, or two.

use serde_json::value::RawValue;
use tollgate_neutral::{Effort, Loss, write};
use tollgate_sdk::types::{Failure, Tokens};

use super::Members;
use crate::family::{Family, Thinking};

/// The least number of tokens that Claude can think with.
const BUDGET_MIN: Tokens = 1024;

/// Plans the thinking. None: the model keeps its habit. `given` is the client's own `thinking` in
/// Anthropic's words, which come before an effort.
pub(super) fn plan(
    family: Family,
    given: Option<&RawValue>,
    effort: Option<Effort>,
    cap: Option<Tokens>,
    loss: &mut Loss,
) -> Result<Option<Members>, Failure> {
    if let Some(given) = given {
        if family.is_claude() {
            return Ok(Some(member("thinking", given.get())));
        }
        return loss.drop("thinking").map(|()| None);
    }
    let Some(effort) = effort else { return Ok(None) };
    let planned = match family.thinking() {
        Thinking::No | Thinking::Budget if effort == Effort::None => return Ok(None),
        Thinking::No => None,
        Thinking::Budget => budget(effort, cap).map(|budget| {
            let thinking = write::object(|thinking| {
                thinking.text("type", "enabled");
                thinking.count("budget_tokens", budget);
            });
            member("thinking", &thinking)
        }),
        Thinking::Adaptive => Some(adaptive(effort)),
        Thinking::Effort => Some(member("reasoningConfig", &nova(effort))),
        Thinking::Word => Some(member("reasoning_effort", &write::text(word(effort)))),
    };
    if planned.is_none() {
        loss.drop("reasoning_effort")?;
    }
    Ok(planned)
}

fn member(name: &str, value: &str) -> Members {
    vec![(name.to_owned(), value.to_owned())]
}

/// Tokens that stand for an effort, as LiteLLM counts them. They must leave room for an answer
/// below the cap; none if that is not possible.
fn budget(effort: Effort, cap: Option<Tokens>) -> Option<Tokens> {
    let wanted = match effort {
        Effort::None | Effort::Minimal | Effort::Low => BUDGET_MIN,
        Effort::Medium => 2048,
        Effort::High => 4096,
        Effort::XHigh => 8192,
        Effort::Max => 16_384,
    };
    let room = cap.map_or(wanted, |cap| cap.saturating_sub(1));
    Some(wanted.min(room)).filter(|budget| *budget >= BUDGET_MIN)
}

fn adaptive(effort: Effort) -> Members {
    if effort == Effort::None {
        return member("thinking", r#"{"type":"disabled"}"#);
    }
    let eager = match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::XHigh => "high",
        Effort::Max => "max",
    };
    let effort = write::object(|config| config.text("effort", eager));
    let mut members = member("thinking", r#"{"type":"adaptive"}"#);
    members.extend(member("output_config", &effort));
    members
}

fn nova(effort: Effort) -> String {
    if effort == Effort::None {
        return r#"{"type":"disabled"}"#.to_owned();
    }
    write::object(|config| {
        config.text("type", "enabled");
        config.text("maxReasoningEffort", word(effort));
    })
}

/// The words that most know.
fn word(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::XHigh | Effort::Max => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(family: Family, effort: Effort, cap: Option<u64>) -> Option<String> {
        let mut loss = Loss::new("Bedrock", true);
        let members = plan(family, None, Some(effort), cap, &mut loss).unwrap();
        let shown = members.map(|members| {
            let each = members.iter().map(|(name, value)| format!("{name}={value}"));
            each.collect::<Vec<_>>().join(" ")
        });
        let dropped = loss.into_dropped();
        assert!(shown.is_none() || dropped.is_empty());
        shown.or_else(|| dropped.first().map(|name| format!("drop {name}")))
    }

    #[test]
    fn every_family_is_told_in_its_own_way() {
        let budget = |tokens: u64| {
            Some(format!(r#"thinking={{"type":"enabled","budget_tokens":{tokens}}}"#))
        };
        let claude = Family::Claude(4, 5);
        for (family, effort, cap, expected) in [
            (claude, Effort::None, None, None),
            (claude, Effort::Minimal, None, budget(1024)),
            (claude, Effort::Medium, None, budget(2048)),
            (claude, Effort::Max, None, budget(16_384)),
            (claude, Effort::High, Some(3000), budget(2999)),
            (claude, Effort::Low, Some(1024), Some("drop reasoning_effort".into())),
            (
                Family::Claude(4, 6),
                Effort::XHigh,
                Some(10),
                Some(r#"thinking={"type":"adaptive"} output_config={"effort":"high"}"#.into()),
            ),
            (
                Family::Claude(5, 0),
                Effort::None,
                None,
                Some(r#"thinking={"type":"disabled"}"#.into()),
            ),
            (Family::Claude(3, 5), Effort::Low, None, Some("drop reasoning_effort".into())),
            (Family::Claude(3, 5), Effort::None, None, None),
            (
                Family::Nova(2),
                Effort::Max,
                None,
                Some(r#"reasoningConfig={"type":"enabled","maxReasoningEffort":"high"}"#.into()),
            ),
            (Family::GptOss, Effort::Medium, None, Some(r#"reasoning_effort="medium""#.into())),
            (Family::Other, Effort::High, None, Some("drop reasoning_effort".into())),
        ] {
            assert_eq!(planned(family, effort, cap), expected, "{family:?} {effort:?}");
        }
    }

    #[test]
    fn a_clients_own_words_are_claudes() {
        let given: &RawValue = serde_json::from_str(r#"{"type":"adaptive"}"#).unwrap();
        let mut loss = Loss::new("Bedrock", false);
        let claude = plan(Family::Claude(4, 5), Some(given), Some(Effort::Low), None, &mut loss);
        assert_eq!(claude.unwrap(), Some(member("thinking", given.get())));
        let failure = plan(Family::Other, Some(given), None, None, &mut loss).unwrap_err();
        assert_eq!(failure.param.as_deref(), Some("thinking"));
    }
}
