//! A case's files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tollgate_sdk::types::{Call, Candidate};

use crate::frames::Frame;

/// The deployment and the call of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// The provider name.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// Options of the deployment.
    pub options: BTreeMap<String, String>,
    /// Whether what cannot be carried may be dropped.
    pub drop_params: bool,
    /// The cap that the admission rests on.
    pub output_cap: Option<u64>,
    /// The most that the deployment can answer.
    pub output_max: Option<u64>,
    /// The dialect of the body.
    pub dialect: String,
    /// The status of `error.json`.
    pub status: u16,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            provider: String::new(),
            model: "a-model".into(),
            options: BTreeMap::new(),
            drop_params: false,
            output_cap: None,
            output_max: None,
            dialect: "openai-chat".into(),
            status: 400,
        }
    }
}

/// A recorded case.
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The deployment and the call.
    pub setup: Setup,
    folder: PathBuf,
}

// === impl Case ===

impl Case {
    /// Every case of the component whose manifest is in a folder, by name.
    pub fn all(manifest_folder: &str) -> Vec<Self> {
        let root = Path::new(manifest_folder).join("tests/golden");
        let entries = fs::read_dir(&root).unwrap_or_else(|error| panic!("{root:?}: {error}"));
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders.into_iter().filter(|folder| folder.is_dir()).map(Self::open).collect()
    }

    fn open(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let setup = fs::read_to_string(folder.join("case.json")).map_or_else(
            |_| Setup::default(),
            |text| serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: case.json: {e}")),
        );
        Self { name, setup, folder }
    }

    /// A file's text, if there is such a file.
    pub fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }

    /// The frames of the recorded stream, if there is one.
    pub fn stream(&self) -> Option<Vec<Frame>> {
        let events = self.text("answer.sse").map(|text| Frame::of_event_stream(&text));
        events.or_else(|| self.text("answer.frames").map(|text| Frame::of_lines(&text)))
    }

    /// The facts of the call, as the host would read them from the request.
    pub fn call(&self) -> Call {
        self.call_of(self.body()["stream"] == Value::Bool(true))
    }

    /// The same for a request that asks for a stream, or does not.
    pub fn call_of(&self, streamed: bool) -> Call {
        let body = self.body();
        Call {
            id: "01900000-0000-7000-8000-000000000001".into(),
            dialect: self.setup.dialect.clone(),
            model: "mine".into(),
            streamed,
            input_bound: 1000,
            output_cap: ["max_completion_tokens", "max_tokens"]
                .into_iter()
                .find_map(|name| body[name].as_u64()),
            choices: body["n"].as_u64().unwrap_or(1),
            candidates: vec![Candidate {
                deployment: "one".into(),
                output_max: self.setup.output_max,
            }],
        }
    }

    fn body(&self) -> Value {
        self.text("request.json").map_or(Value::Null, |t| serde_json::from_str(&t).unwrap())
    }

    /// Compares with what is recorded, or records it if `TOLLGATE_BLESS` is set.
    pub fn check(&self, file: &str, actual: &str) {
        if std::env::var_os("TOLLGATE_BLESS").is_some() {
            fs::write(self.folder.join(file), actual).unwrap();
            return;
        }
        let recorded = self.text(file).unwrap_or_default();
        assert!(
            recorded == actual,
            "{}: {file} differs; recorded:\n{recorded}\nnow:\n{actual}",
            self.name
        );
    }
}
