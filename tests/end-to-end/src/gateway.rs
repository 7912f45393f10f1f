//! The gateway as a process.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate_test_upstream::Authority;

use crate::answer::Answer;
use crate::client::{Client, Trust};
use crate::config::Config;
use crate::paths::binary;
use crate::wait::{until, within};

/// The administrator's key in every test.
pub const MASTER_KEY: &str = "sk-master-of-the-tests";

/// Within this a start must have succeeded, cold code cache on a busy machine included.
const START: Duration = Duration::from_secs(40);

/// How a gateway is to be started.
pub struct Builder {
    config: Config,
    environment: Vec<(String, String)>,
}

/// A running gateway with a folder of its own. Both end with this value.
pub struct Gateway {
    /// Its plain port on the loopback.
    pub port: u16,
    folder: TempDir,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    client: Client,
}

/// A virtual key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key itself.
    pub key: String,
    /// Its hash: what the ledger knows it by.
    pub id: String,
}

impl Builder {
    /// A gateway with this configuration.
    pub fn new(config: Config) -> Self {
        Self { config, environment: Vec::new() }
    }

    /// Sets a variable of its environment.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has TLS, h1 and h2, with a certificate of this authority; gives the port too.
    pub fn tls(mut self, folder: &Path, authority: &Authority) -> (Self, u16) {
        let (certificate, private_key) = authority.issue().write(folder);
        let port = free_port();
        let section = format!(
            "edge:\n  listeners:\n    - address: 127.0.0.1:{port}\n      http2: true\n      \
             tls:\n        certificates:\n          - certificate: {}\n            \
             private_key: {}\n",
            certificate.display(),
            private_key.display()
        );
        self.config = self.config.section(&section);
        (self, port)
    }

    /// Writes the files and starts the gateway; panics unless it becomes ready.
    pub async fn start(self) -> Gateway {
        let mut gateway = self.prepare();
        gateway.spawn();
        gateway.ready().await;
        gateway
    }

    /// Starts a gateway that is to refuse its start: its exit status and what it wrote.
    pub async fn start_refused(self) -> (ExitStatus, String) {
        let mut gateway = self.prepare();
        gateway.spawn();
        let status = gateway.exited().await;
        let output = gateway.output();
        gateway.child = None;
        (status, output)
    }

    /// Writes the files only.
    pub fn prepare(self) -> Gateway {
        let folder = TempDir::with_prefix("tollgate-").expect("a temporary folder");
        std::fs::write(folder.path().join("config.yaml"), self.config.text()).expect("the file");
        let port = free_port();
        let client = Client::new(&format!("http://127.0.0.1:{port}"), Trust::Plain);
        Gateway { port, folder, environment: self.environment, child: None, client }
    }
}

impl Gateway {
    /// A ready gateway with this configuration.
    pub async fn start(config: Config) -> Self {
        Builder::new(config).start().await
    }

    /// Starts the process without waiting for it.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "the gateway runs already");
        self.child = Some(self.begin(&[]));
    }

    fn begin(&self, options: &[&str]) -> Child {
        let output = self.output_file();
        let child = Command::new(binary())
            .args(["run", "--port", &self.port.to_string()])
            .arg("--config")
            .arg(self.config_file())
            .arg("--data-dir")
            .arg(self.data())
            .args(options)
            .env_remove("DATABASE_URL")
            .env_remove("LOG_LEVEL")
            .env_remove("LITELLM_CORS_ORIGINS")
            .env("LITELLM_MASTER_KEY", MASTER_KEY)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn();
        child.unwrap_or_else(|error| panic!("{:?}: {error}", binary()))
    }

    /// Starts another process that takes the sockets over; gives the old one, which is on its way
    /// out.
    pub async fn upgrade(&mut self) -> Former {
        let mut child = self.begin(&["--upgrade"]);
        let name = format!("{}\n", child.id());
        let pid = self.data().join("tollgate.pid");
        let taken = until("the hand-over", async || {
            let ended = child.try_wait().expect("a child of this process");
            let is_named = std::fs::read_to_string(&pid).is_ok_and(|text| text == name);
            (is_named || ended.is_some()).then_some(ended)
        })
        .await;
        assert!(taken.is_none(), "no hand-over ({taken:?}):\n{}", self.output());
        Former(self.child.replace(child).expect("a running gateway"))
    }

    /// Starts another process with these options, which is expected to end by itself.
    pub async fn beside(&self, options: &[&str]) -> ExitStatus {
        let mut other = Former(self.begin(options));
        other.exited().await
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&mut self) {
        let client = self.client.clone();
        let mut ended = None;
        let ready = within(START, &mut async || {
            ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() {
                return Some(());
            }
            let request = client.request(reqwest::Method::GET, "/health/readiness");
            let answer = client.attempt(request).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
        if ready.is_none() || ended.is_some() {
            panic!("the gateway did not become ready ({ended:?}):\n{}", self.output());
        }
    }

    /// Waits for the process to end by itself.
    pub async fn exited(&mut self) -> ExitStatus {
        until("the gateway's end", async || {
            let child = self.child.as_mut().expect("a started gateway");
            child.try_wait().expect("a child of this process")
        })
        .await
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running gateway");
        child.kill().expect("a child of this process");
        child.wait().expect("a killed child ends");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let process = rustix::process::Pid::from_raw(self.pid() as i32).expect("a process id");
        rustix::process::kill_process(process, signal).expect("its parent");
    }

    /// Moves another configuration file into the place of the one that is there.
    pub fn configure(&self, text: &str) {
        replace(&self.config_file(), text.as_bytes());
    }

    /// The value of a series on `/metrics`; 0 if it is not there.
    pub async fn metric(&self, series: &str) -> f64 {
        let text = self.client.get(MASTER_KEY, "/metrics").await.ok().text;
        let line = text.lines().find_map(|line| line.strip_prefix(series)).unwrap_or("0");
        line.trim().parse().expect("a number")
    }

    /// SIGTERM, and waits for the end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let status = self.exited().await;
        self.child = None;
        status
    }

    /// Starts it again on what it left behind.
    pub async fn restart(&mut self) {
        self.spawn();
        self.ready().await;
    }

    /// Starts it again after its own end.
    pub async fn restart_ended(&mut self) {
        self.child = None;
        self.restart().await;
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running gateway").id()
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// Everything that it wrote to standard output and error so far.
    pub fn output(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("output")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn output_file(&self) -> File {
        let path = self.folder.path().join("output");
        OpenOptions::new().create(true).append(true).open(path).expect("a file for the output")
    }

    /// A client of the plain port.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a key.
    pub async fn key(&self, body: Value) -> Key {
        let answer = self.client.post(MASTER_KEY, "/key/generate", &body).await.ok();
        let text = |name: &str| answer.json()[name].as_str().unwrap_or_default().to_owned();
        Key { key: text("key"), id: text("token") }
    }

    /// A key without limits.
    pub async fn free_key(&self) -> Key {
        self.key(json!({})).await
    }

    /// Makes a chat call.
    pub async fn chat(&self, key: &Key, body: &Value) -> Answer {
        self.client.chat(&key.key, body).await
    }

    /// What `/key/info` says of a key.
    pub async fn info(&self, key: &Key) -> Value {
        let path = format!("/key/info?key={}", key.id);
        self.client.get(MASTER_KEY, &path).await.ok().json()["info"].clone()
    }

    /// What a key has spent, in nano-dollars.
    pub async fn spend(&self, key: &Key) -> i64 {
        let spend = self.info(key).await["spend"].as_f64().expect("a spend");
        (spend * 1e9).round() as i64
    }

    /// Checks that an ordinary call is answered.
    pub async fn serves(&self, key: &Key) {
        let answer = self.chat(key, &crate::chat("echo", "still there?")).await.ok();
        assert!(answer.content().contains("still there?"), "{answer:?}");
    }

    /// Waits for a line of the log, written after `mark` bytes of it, that has one of the words.
    pub async fn logged(&self, mark: usize, words: &[&str]) -> String {
        let what = format!("a log line with one of {words:?}");
        until(&what, async || {
            let output = self.output().to_lowercase();
            let lines = output.get(mark..).unwrap_or_default().lines();
            lines
                .map(str::to_owned)
                .find(|line| words.iter().any(|word| line.contains(&word.to_lowercase())))
        })
        .await
    }

    /// The length of the log so far.
    pub fn mark(&self) -> usize {
        self.output().to_lowercase().len()
    }
}

/// A process whose sockets another one has.
pub struct Former(Child);

impl Former {
    /// Waits for the process to end by itself.
    pub async fn exited(&mut self) -> ExitStatus {
        let child = &mut self.0;
        until("the old process's end", async || child.try_wait().expect("a child")).await
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("a child of this process").is_none()
    }
}

impl Drop for Former {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes a file as certbot and careful editors do: beside it, then moved.
pub fn replace(path: &Path, bytes: &[u8]) {
    let unfinished = path.with_extension("new");
    std::fs::write(&unfinished, bytes).expect("a file beside it");
    std::fs::rename(&unfinished, path).expect("to move it");
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        let output = self.output();
        if std::thread::panicking() {
            let from = output.len().saturating_sub(6000);
            let tail: String = output.chars().skip(from).collect();
            eprintln!("--- end of the gateway's output ---\n{tail}\n---");
        } else {
            assert!(!output.contains("panicked at"), "the gateway panicked:\n{output}");
        }
    }
}

/// A port below the range that the kernel hands out for outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 12_000 + (std::process::id() % 900) as u16 * 20;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
