//! What the upstream does with a request, chosen by the model's name.

use serde_json::Value;

/// How a model name is played. A leading `up-` is ignored, so that the name at the upstream can
/// differ from the public one.
///
/// | model | behaviour |
/// |---|---|
/// | `echo` | answers `echo: <last message>`, usage 9 and 3 |
/// | `usage-P-C` | the same with this usage |
/// | `exact` | the completion uses exactly the request's `max_tokens` (prompt 10) |
/// | `exact-N` | the completion uses exactly N tokens (prompt 10) |
/// | `no-usage` | never reports usage |
/// | `slow` | nothing is sent until released |
/// | `gated` | a permit is needed before every event of a stream (8 deltas), or before the answer |
/// | `split` | one byte per write |
/// | `tool` | asks for the tool `get_weather`, unless the request tells that it is sunny |
/// | `early-close` | the kept-alive connection is closed as soon as the answer is out |
/// | `big-event` | a content of 10 MB in one event |
/// | `err-N` | status N with an error body (429: `retry-after: 7`) |
/// | `flaky-T-N` | the first T calls get status N, later ones an answer |
/// | `garbage`, `empty` | status 200 with a body that is not JSON, or none |
/// | `reset` | RST instead of an answer |
/// | `reset-midstream` | RST after two deltas |
/// | `cut`, `cut-clean` | ends after two deltas: without, or with, the end of the framing |
/// | `midstream-error` | an error event after two deltas, then the end |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// An answer in the shape the request asks for.
    Reply(Reply),
    /// An error body with this status.
    Error(u16),
    /// Status 200 with this body.
    Raw(&'static str),
    /// A reset of the connection.
    Reset,
}

/// An answer and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Input and output tokens to report.
    pub usage: Option<(u64, u64)>,
    /// Content deltas in a stream.
    pub deltas: u64,
    /// Bytes to pad the first delta with.
    pub padding: usize,
    /// When a permit is needed.
    pub hold: Hold,
    /// Whether every byte is written by itself.
    pub byte_by_byte: bool,
    /// Whether the connection is closed after a whole answer.
    pub close: bool,
    /// Where the answer stops short.
    pub cut: Option<Cut>,
    /// Whether a tool is asked for, in the place of text.
    pub tool: bool,
}

/// When a permit is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Never.
    No,
    /// Once, before the answer's head.
    Head,
    /// Before every event.
    Event,
}

/// How an answer stops short, after two deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection ends inside the framing.
    Framing,
    /// The framing ends as if all were well, without a finish reason.
    Clean,
    /// An error event, then a clean end.
    Error,
    /// RST.
    Reset,
}

impl Reply {
    fn plain() -> Self {
        Self {
            usage: Some((9, 3)),
            deltas: 3,
            padding: 0,
            hold: Hold::No,
            byte_by_byte: false,
            close: false,
            cut: None,
            tool: false,
        }
    }

    fn using(prompt: u64, completion: u64) -> Self {
        let deltas = completion.clamp(1, 64);
        Self { usage: Some((prompt, completion)), deltas, ..Self::plain() }
    }

    fn cut(cut: Cut) -> Self {
        Self { cut: Some(cut), ..Self::plain() }
    }
}

impl Script {
    /// Chooses by the model's name. `earlier` calls of the same model came before.
    pub fn of(model: &str, body: &Value, earlier: usize) -> Self {
        let name = model.strip_prefix("up-").unwrap_or(model);
        let plain = Reply::plain();
        match name {
            "echo" => Self::Reply(plain),
            "exact" => Self::Reply(Reply::using(10, asked_maximum(body))),
            "no-usage" => Self::Reply(Reply { usage: None, ..plain }),
            "slow" => Self::Reply(Reply { hold: Hold::Head, ..plain }),
            "gated" => {
                Self::Reply(Reply { hold: Hold::Event, deltas: 8, usage: Some((9, 8)), ..plain })
            }
            "split" => Self::Reply(Reply { byte_by_byte: true, ..plain }),
            "tool" if body.to_string().contains("sunny") => Self::Reply(plain),
            "tool" => Self::Reply(Reply { tool: true, deltas: 0, ..plain }),
            "early-close" => Self::Reply(Reply { close: true, ..plain }),
            "big-event" => Self::Reply(Reply { padding: 10_000_000, ..plain }),
            "garbage" => Self::Raw("<html>this is not JSON</html>"),
            "empty" => Self::Raw(""),
            "reset" => Self::Reset,
            "reset-midstream" => Self::Reply(Reply::cut(Cut::Reset)),
            "cut" => Self::Reply(Reply::cut(Cut::Framing)),
            "cut-clean" => Self::Reply(Reply::cut(Cut::Clean)),
            "midstream-error" => Self::Reply(Reply::cut(Cut::Error)),
            _ => Self::parametrised(name, earlier),
        }
    }

    fn parametrised(name: &str, earlier: usize) -> Self {
        let mut parts = name.split('-');
        let word = parts.next().unwrap_or_default();
        let numbers: Vec<u64> = parts.filter_map(|part| part.parse().ok()).collect();
        match (word, numbers.as_slice()) {
            ("err", [status]) => Self::Error(*status as u16),
            ("exact", [completion]) => Self::Reply(Reply::using(10, *completion)),
            ("usage", [prompt, completion]) => Self::Reply(Reply::using(*prompt, *completion)),
            ("flaky", [times, status]) if (earlier as u64) < *times => Self::Error(*status as u16),
            ("flaky", [_, _]) => Self::Reply(Reply::plain()),
            _ => Self::Error(404),
        }
    }
}

/// The output cap that the request carries; 1 if it has none.
fn asked_maximum(body: &Value) -> u64 {
    let members = ["max_completion_tokens", "max_tokens"];
    members.iter().find_map(|member| body[*member].as_u64()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Cut, Reply, Script};

    fn script(model: &str) -> Script {
        Script::of(model, &json!({"max_tokens": 5}), 0)
    }

    #[test]
    fn names_choose_scripts_with_or_without_the_upstreams_prefix() {
        assert_eq!(script("up-echo"), script("echo"));
        assert_eq!(script("err-429"), Script::Error(429));
        assert_eq!(script("nothing-known"), Script::Error(404));
        assert_eq!(script("cut-clean"), Script::Reply(Reply::cut(Cut::Clean)));
    }

    #[test]
    fn numbers_in_names_are_usage() {
        assert_eq!(script("usage-4-7"), Script::Reply(Reply::using(4, 7)));
        assert_eq!(script("exact-9"), Script::Reply(Reply::using(10, 9)));
        assert_eq!(script("exact"), Script::Reply(Reply::using(10, 5)));
    }

    #[test]
    fn a_flaky_model_recovers() {
        let turns: Vec<Script> =
            (0..3).map(|earlier| Script::of("flaky-2-500", &json!({}), earlier)).collect();
        let answer = Script::Reply(Reply::plain());
        assert_eq!(turns, [Script::Error(500), Script::Error(500), answer]);
    }
}
