//! A recorded case: the files that the component's own tests are made of.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use tollgate_domain::{Call, CallId, Candidate, Dialect, Frame};
use tollgate_host::Target;

/// A case of a provider.
pub(crate) struct Case {
    pub(crate) name: String,
    folder: PathBuf,
    setup: Value,
    request: Value,
    provider: &'static str,
}

// === impl Case ===

impl Case {
    /// Every case of a provider's component.
    pub(crate) fn all(provider: &'static str) -> Vec<Self> {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../plugins");
        let root = plugins.join(format!("provider-{provider}/tests/golden"));
        let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        folders.map(|folder| Self::open(provider, folder)).collect()
    }

    fn open(provider: &'static str, folder: PathBuf) -> Self {
        let json = |file: &str| {
            let text = fs::read_to_string(folder.join(file)).ok();
            text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
        };
        let name = format!("{provider}: {}", folder.file_name().unwrap().to_string_lossy());
        Self { name, setup: json("case.json"), request: json("request.json"), provider, folder }
    }

    fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }

    /// The client's body.
    pub(crate) fn body(&self) -> Option<String> {
        self.text("request.json")
    }

    /// What was recorded of the upstream request.
    pub(crate) fn upstream(&self) -> Option<Value> {
        self.text("upstream.json").map(|text| serde_json::from_str(&text).unwrap())
    }

    /// The lines of a recorded answer: an event each, a failure last.
    pub(crate) fn lines(&self, file: &str) -> Vec<String> {
        // An event's JSON may go over several lines; those that begin one begin at the margin.
        let lines = self.text(file).unwrap_or_default();
        let begins = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        lines.lines().filter(begins).map(str::to_owned).collect()
    }

    /// The recorded answers in frames: whether they are streams, and where their events are.
    pub(crate) fn answers(&self) -> Vec<(Vec<Frame>, bool, &'static str)> {
        let frame = |name: Option<&str>, data: &str| Frame {
            name: name.map(str::to_owned),
            data: Bytes::copy_from_slice(data.as_bytes()),
        };
        let whole =
            self.text("answer.json").map(|body| (vec![frame(None, &body)], false, "events.txt"));
        let events = self.text("answer.sse").map(|text| {
            let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
            data.map(|data| frame(None, data)).collect()
        });
        let messages = self.text("answer.frames").map(|text| {
            let lines = text.lines().map(|line| line.split_once(' ').unwrap());
            lines.map(|(name, data)| frame(Some(name), data)).collect()
        });
        let stream = events.or(messages).map(|frames| (frames, true, "stream-events.txt"));
        whole.into_iter().chain(stream).collect()
    }

    /// Whether the client asks for a stream.
    pub(crate) fn is_streamed(&self) -> bool {
        self.request["stream"] == Value::Bool(true)
    }

    /// The cap that the admission rests on.
    pub(crate) fn output_cap(&self) -> Option<u64> {
        self.setup["output_cap"].as_u64()
    }

    /// The facts of the call.
    pub(crate) fn call(&self, streamed: bool) -> Call {
        let dialect = self.setup["dialect"].as_str().unwrap_or("openai-chat");
        let cap = |name: &&str| self.request[*name].as_u64();
        Call {
            id: CallId::generate(),
            dialect: Dialect::named(dialect).unwrap(),
            model: "mine".to_owned(),
            streamed,
            input_bound: 1000,
            output_cap: ["max_completion_tokens", "max_tokens"].iter().find_map(cap),
            choices: self.request["n"].as_u64().unwrap_or(1),
            candidates: vec![Candidate {
                deployment: "one".to_owned(),
                output_max: self.setup["output_max"].as_u64(),
            }],
        }
    }

    /// The deployment.
    pub(crate) fn target(&self) -> Target {
        let text = |name: &str| self.setup[name].as_str().filter(|text| !text.is_empty());
        let options = self.setup["options"].as_object().into_iter().flatten();
        Target {
            id: "one".to_owned(),
            provider: text("provider").unwrap_or(self.provider).to_owned(),
            model: text("model").unwrap_or("a-model").to_owned(),
            mock_response: None,
            options: options
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            drop_params: self.setup["drop_params"] == Value::Bool(true),
        }
    }
}
