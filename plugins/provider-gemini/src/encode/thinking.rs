//! How much a model is to think: efforts and budgets made into `thinkingConfig`.

use serde_json::value::RawValue;
use tollgate_neutral::{ChatRequest, Effort, Loss, Object, count, invalid, write};
use tollgate_sdk::types::Failure;

/// What a model understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// It does not think.
    Plain,
    /// A budget in tokens, at least so many. Pro cannot do without.
    Budget { least: u64, is_pro: bool },
    /// A level. The first Pro knows `low` and `high` only; no Pro can do without.
    Level { is_pro: bool, has_medium: bool },
}

// === impl Family ===

impl Family {
    fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_pro = name.contains("pro");
        let plain = ["gemini-1", "gemini-2.0", "gemma", "learnlm"];
        if plain.iter().any(|family| name.starts_with(family)) {
            Self::Plain
        } else if name.starts_with("gemini-3") {
            Self::Level { is_pro, has_medium: !name.starts_with("gemini-3-pro") }
        } else if name.contains("flash-lite") {
            Self::Budget { least: 512, is_pro: false }
        } else {
            Self::Budget { least: 128, is_pro }
        }
    }
}

/// The `thinkingConfig`, if the request says anything about it. `thinking` is the member of that
/// name in Anthropic's form, which says it more exactly than an effort.
pub(super) fn config(
    request: &ChatRequest<'_>,
    thinking: Option<&RawValue>,
    model: &str,
    loss: &mut Loss,
) -> Result<Option<String>, Failure> {
    let family = Family::of(model);
    match (thinking, request.reasoning_effort) {
        (None, None) => Ok(None),
        (Some(_), _) if family == Family::Plain => loss.drop("thinking").map(|()| None),
        (Some(value), _) => of_thinking(value, family).map(Some),
        (None, Some(effort)) => {
            if family == Family::Plain && effort != Effort::None {
                loss.drop("reasoning_effort")?;
            }
            Ok(of_effort(effort, family))
        }
    }
}

fn of_thinking(value: &RawValue, family: Family) -> Result<String, Failure> {
    let wrong = || {
        let message = "thinking must be an object with a `type` of `enabled`, with \
                       `budget_tokens`, of `adaptive` or of `disabled`.";
        invalid("thinking", message)
    };
    let thinking = Object::of(value).ok_or_else(wrong)?;
    match thinking.text("type").as_deref() {
        Some("enabled") => {
            let budget = thinking.get("budget_tokens").and_then(count).ok_or_else(wrong)?;
            Ok(budgeted(budget, true))
        }
        Some("adaptive") => Ok(write::object(|config| config.flag("includeThoughts", true))),
        Some("disabled") => Ok(off(family)),
        _ => Err(wrong()),
    }
}

/// None for a model that does not think.
fn of_effort(effort: Effort, family: Family) -> Option<String> {
    match (family, effort) {
        (Family::Plain, _) => None,
        (_, Effort::None) => Some(off(family)),
        (Family::Level { is_pro, has_medium }, effort) => {
            Some(levelled(level(effort, is_pro, has_medium), true))
        }
        (Family::Budget { least, .. }, effort) => Some(budgeted(budget(effort).max(least), true)),
    }
}

/// As little as the model can.
fn off(family: Family) -> String {
    match family {
        Family::Level { is_pro: true, .. } => levelled("low", false),
        Family::Level { is_pro: false, .. } => levelled("minimal", false),
        Family::Budget { least, is_pro: true } => budgeted(least, false),
        Family::Plain | Family::Budget { is_pro: false, .. } => budgeted(0, false),
    }
}

fn level(effort: Effort, is_pro: bool, has_medium: bool) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal if is_pro => "low",
        Effort::None | Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium if has_medium => "medium",
        Effort::Medium | Effort::High | Effort::XHigh | Effort::Max => "high",
    }
}

fn budget(effort: Effort) -> u64 {
    match effort {
        Effort::None => 0,
        Effort::Minimal => 128,
        Effort::Low => 1024,
        Effort::Medium => 2048,
        Effort::High => 4096,
        Effort::XHigh => 8192,
        Effort::Max => 16_384,
    }
}

fn budgeted(budget: u64, is_told: bool) -> String {
    write::object(|config| {
        config.count("thinkingBudget", budget);
        config.flag("includeThoughts", is_told);
    })
}

fn levelled(level: &str, is_told: bool) -> String {
    write::object(|config| {
        config.text("thinkingLevel", level);
        config.flag("includeThoughts", is_told);
    })
}

#[cfg(test)]
mod tests;
