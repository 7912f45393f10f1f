use super::*;

fn made(
    members: &str,
    model: &str,
    may_drop: bool,
) -> Result<(Option<String>, Vec<String>), Failure> {
    let body = format!(r#"{{"messages":[{{"role":"user","content":"x"}}],{members}}}"#);
    let mut request = ChatRequest::read(&body).unwrap();
    let thinking = request.rest.take("thinking");
    let mut loss = Loss::new("Gemini", may_drop);
    let config = config(&request, thinking, model, &mut loss)?;
    Ok((config, loss.into_dropped()))
}

#[test]
fn efforts_become_budgets_or_levels() {
    let budget = |tokens: u64, told: bool| {
        format!(r#"{{"thinkingBudget":{tokens},"includeThoughts":{told}}}"#)
    };
    let level = |word: &str, told: bool| {
        format!(r#"{{"thinkingLevel":"{word}","includeThoughts":{told}}}"#)
    };
    for (model, efforts) in [
        (
            "gemini-2.5-flash",
            [
                ("none", budget(0, false)),
                ("minimal", budget(128, true)),
                ("low", budget(1024, true)),
                ("medium", budget(2048, true)),
                ("high", budget(4096, true)),
                ("xhigh", budget(8192, true)),
                ("max", budget(16_384, true)),
            ],
        ),
        (
            "gemini-3-pro-preview",
            [
                ("none", level("low", false)),
                ("minimal", level("low", true)),
                ("low", level("low", true)),
                ("medium", level("high", true)),
                ("high", level("high", true)),
                ("xhigh", level("high", true)),
                ("max", level("high", true)),
            ],
        ),
        (
            "publishers/google/models/gemini-3.1-flash",
            [
                ("none", level("minimal", false)),
                ("minimal", level("minimal", true)),
                ("low", level("low", true)),
                ("medium", level("medium", true)),
                ("high", level("high", true)),
                ("xhigh", level("high", true)),
                ("max", level("high", true)),
            ],
        ),
    ] {
        for (effort, expected) in efforts {
            let (config, _) =
                made(&format!(r#""reasoning_effort":"{effort}""#), model, false).unwrap();
            assert_eq!(config, Some(expected), "{model} {effort}");
        }
    }
    let (config, _) = made(r#""reasoning_effort":"none""#, "gemini-2.5-pro", false).unwrap();
    assert_eq!(config, Some(budget(128, false)));
    let (config, _) =
        made(r#""reasoning_effort":"minimal""#, "gemini-2.5-flash-lite", false).unwrap();
    assert_eq!(config, Some(budget(512, true)));
}

#[test]
fn a_budget_counts_more_than_an_effort() {
    let members = r#""reasoning_effort":"low","thinking":{"type":"enabled","budget_tokens":3000}"#;
    let (config, _) = made(members, "gemini-2.5-flash", false).unwrap();
    assert_eq!(config.as_deref(), Some(r#"{"thinkingBudget":3000,"includeThoughts":true}"#));
    let (config, _) = made(r#""thinking":{"type":"adaptive"}"#, "gemini-3-pro", false).unwrap();
    assert_eq!(config.as_deref(), Some(r#"{"includeThoughts":true}"#));
    let failure = made(r#""thinking":{"type":"enabled"}"#, "gemini-2.5-flash", false).unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("thinking"));
}

#[test]
fn a_model_that_does_not_think_is_not_asked_to() {
    let effort = r#""reasoning_effort":"high""#;
    let failure = made(effort, "gemini-2.0-flash", false).unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("reasoning_effort"));
    let (config, dropped) = made(effort, "gemini-2.0-flash", true).unwrap();
    assert_eq!((config, dropped), (None, vec!["reasoning_effort".to_owned()]));
    let (config, dropped) = made(r#""reasoning_effort":"none""#, "gemma-3", false).unwrap();
    assert_eq!((config, dropped), (None, Vec::new()));
}
