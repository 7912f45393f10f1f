//! The access log: one JSON line for each request. Not the ledger: a line may be lost.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde::{Serialize, Serializer};
use tollgate_domain::{Ending, UnixMillis};

use crate::{push_time, redact};

/// Lines are written at the latest after this time, so that a reader sees what happens now.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// Lines are written once so many bytes wait: about 60 lines per system call.
const FLUSH_BYTES: usize = 32 * 1024;
/// Lines are dropped when so many bytes wait for a slow disk.
const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One request. There is no field for a key, its hash, or any content.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AccessRecord<'a> {
    /// When it arrived.
    #[serde(serialize_with = "time")]
    pub time: UnixMillis,
    /// The gateway's id of the call.
    pub call_id: &'a str,
    /// The client's own id of it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "redacted")]
    pub client_call_id: Option<&'a str>,
    /// The key's alias.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "redacted")]
    pub key_alias: Option<&'a str>,
    /// The key shortened for people.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "redacted")]
    pub key_name: Option<&'a str>,
    /// HTTP method.
    pub method: &'a str,
    /// The route's template, such as `/v1/models/{id}`; never the raw path.
    pub route: &'a str,
    /// HTTP status.
    pub status: u16,
    /// The model that was asked for.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "redacted")]
    pub model: Option<&'a str>,
    /// The deployment that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<&'a str>,
    /// Its provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'a str>,
    /// Further attempts in the model's group, if there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Models that stood in, if any did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallbacks: Option<u32>,
    /// Whether a stream was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Input tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// What it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// How the call ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "redacted")]
    pub error: Option<&'a str>,
    /// The class of its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<&'a str>,
    /// How long it took in all.
    pub duration_ms: u64,
    /// How long the first byte of the answer took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<std::net::IpAddr>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
}

/// Writes [`AccessRecord`]s through a buffer and a thread of its own.
pub struct AccessLog {
    shared: Arc<Shared>,
    flusher: Option<JoinHandle<()>>,
}

struct Shared {
    pending: Mutex<Lines>,
    wake: Condvar,
    out: Mutex<Box<dyn Write + Send>>,
    dropped: AtomicU64,
    stop: AtomicBool,
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    count: u64,
}

// === impl AccessLog ===

impl AccessLog {
    /// A log that writes to `out`. Fails if no thread can be started.
    pub fn new(out: Box<dyn Write + Send>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            wake: Condvar::new(),
            out: Mutex::new(out),
            dropped: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let flusher = Builder::new().name("access-log".into()).spawn(move || of_thread.run())?;
        Ok(Self { shared, flusher: Some(flusher) })
    }

    /// Adds a line. Waits for no writer: when too much waits for one, the line is dropped.
    pub fn write(&self, record: &AccessRecord<'_>) {
        let mut pending = self.shared.pending.lock();
        let before = pending.bytes.len();
        let fits = before < PENDING_BYTES_MAX;
        if !fits || serde_json::to_writer(&mut pending.bytes, record).is_err() {
            pending.bytes.truncate(before);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        pending.bytes.push(b'\n');
        pending.count += 1;
        if pending.bytes.len() >= FLUSH_BYTES {
            self.shared.wake.notify_one();
        }
    }

    /// Writes what waits, and returns when it is written.
    pub fn flush(&self) {
        self.shared.flush(&mut Lines::default());
    }

    /// Goes on with another writer, such as the file that took the place of a rotated one.
    pub fn replace(&self, out: Box<dyn Write + Send>) {
        self.flush();
        *self.shared.out.lock() = out;
    }

    /// Lines that were lost, since the last time that this was asked.
    pub fn take_dropped(&self) -> u64 {
        self.shared.dropped.swap(0, Ordering::Relaxed)
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.wake.notify_one();
        if let Some(flusher) = self.flusher.take() {
            // The thread cannot panic; if it did, there is nothing left to be done.
            let _ = flusher.join();
        }
    }
}

// === impl Shared ===

impl Shared {
    fn run(&self) {
        let mut spare = Lines::default();
        loop {
            let stop = self.stop.load(Ordering::Acquire);
            self.flush(&mut spare);
            if stop {
                return;
            }
            let mut pending = self.pending.lock();
            if pending.bytes.len() < FLUSH_BYTES && !self.stop.load(Ordering::Acquire) {
                self.wake.wait_for(&mut pending, FLUSH_INTERVAL);
            }
        }
    }

    /// Writes what waits; the writer's lock keeps lines in order.
    fn flush(&self, spare: &mut Lines) {
        let mut out = self.out.lock();
        std::mem::swap(&mut *self.pending.lock(), spare);
        if spare.count > 0 && out.write_all(&spare.bytes).and_then(|()| out.flush()).is_err() {
            self.dropped.fetch_add(spare.count, Ordering::Relaxed);
        }
        spare.bytes.clear();
        spare.count = 0;
    }
}

fn time<S: Serializer>(millis: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = String::with_capacity(24);
    push_time(&mut text, *millis);
    serializer.serialize_str(&text)
}

fn redacted<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => serializer.serialize_str(&redact(text)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("disk full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_is_one_json_line_without_secrets_and_without_empty_fields() {
        let memory = Memory::default();
        let log = AccessLog::new(Box::new(memory.clone())).unwrap();
        log.write(&AccessRecord {
            time: 1_700_000_000_123,
            call_id: "c-1",
            client_call_id: Some("sk-oops"),
            key_name: Some("sk-...a1b2"),
            method: "POST",
            route: "/v1/chat/completions",
            status: 200,
            cost_usd: Some(2.85e-6),
            ending: Some(Ending::Success),
            ..AccessRecord::default()
        });
        log.flush();
        let text = String::from_utf8(memory.0.lock().clone()).unwrap();
        assert_eq!(
            text,
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"call_id\":\"c-1\",\
             \"client_call_id\":\"sk-***\",\"key_name\":\"sk-...a1b2\",\"method\":\"POST\",\
             \"route\":\"/v1/chat/completions\",\"status\":200,\"cost_usd\":2.85e-6,\
             \"ending\":\"success\",\"duration_ms\":0,\"bytes_in\":0,\"bytes_out\":0}\n"
        );
    }

    #[test]
    fn all_lines_of_all_threads_are_written_in_the_end() {
        let memory = Memory::default();
        let log = AccessLog::new(Box::new(memory.clone())).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|_| log.write(&AccessRecord::default())));
            }
        });
        drop(log);
        let text = String::from_utf8(memory.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 2000);
        assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }

    #[test]
    fn lines_that_a_writer_refuses_are_counted() {
        let log = AccessLog::new(Box::new(Broken)).unwrap();
        (0..3).for_each(|_| log.write(&AccessRecord::default()));
        log.flush();
        assert_eq!((log.take_dropped(), log.take_dropped()), (3, 0));
        let memory = Memory::default();
        log.replace(Box::new(memory.clone()));
        log.write(&AccessRecord::default());
        log.flush();
        assert!(!memory.0.lock().is_empty());
    }
}
