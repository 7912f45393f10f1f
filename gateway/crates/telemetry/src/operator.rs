//! The operator's log: one JSON line for each event, behind the facade of the `log` crate.

use std::io::Write;

use log::kv::{Key, Value, VisitSource};
use log::{Level, LevelFilter, Metadata, Record};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};
use tollgate_domain::unix_now;

use crate::{push_time, redact};

/// Libraries that tell more than an operator needs: each shown one level less.
const TALKATIVE: &[&str] =
    &["pingora", "wasmtime", "cranelift", "sqlx", "h2", "hyper", "rustls", "mio", "tokio"];

/// What pingora says, as an error, when a client goes away or speaks no HTTP. That is the
/// client's right and nothing for an operator to mend.
const CLIENT_FAULTS: &[&str] =
    &["Downstream", "downstream", "TLSHandshakeFailure", "ConnectionClosed"];

/// The logger.
pub struct Log {
    level: LevelFilter,
    out: Mutex<Box<dyn Write + Send>>,
}

/// Another logger is in place already.
#[derive(Debug, thiserror::Error)]
#[error("a logger is installed already")]
pub struct LogError(#[from] log::SetLoggerError);

/// The level that `LOG_LEVEL` names, in the words of Rust's or of Python's loggers.
pub fn parse_level(text: &str) -> Option<LevelFilter> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "off" | "none" => LevelFilter::Off,
        "critical" | "fatal" | "error" => LevelFilter::Error,
        "warning" | "warn" => LevelFilter::Warn,
        "info" => LevelFilter::Info,
        "debug" => LevelFilter::Debug,
        "trace" => LevelFilter::Trace,
        _ => return None,
    })
}

// === impl Log ===

impl Log {
    /// A logger that writes to `out`.
    pub fn new(level: LevelFilter, out: Box<dyn Write + Send>) -> Self {
        Self { level, out: Mutex::new(out) }
    }

    /// Makes a logger on standard error that of the whole process.
    pub fn install(level: LevelFilter) -> Result<(), LogError> {
        log::set_boxed_logger(Box::new(Self::new(level, Box::new(std::io::stderr()))))?;
        log::set_max_level(level);
        Ok(())
    }

    fn shows(&self, level: Level, target: &str) -> bool {
        let level = level as usize + usize::from(is_talkative(target) && level > Level::Warn);
        level <= self.level as usize
    }
}

impl log::Log for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.shows(metadata.level(), metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = record.args().to_string();
        let level = if is_clients_fault(record.target(), &message) {
            record.level().max(Level::Debug)
        } else {
            record.level()
        };
        if !self.shows(level, record.target()) {
            return;
        }
        let line = line(record, level, &message);
        // A log that cannot be written has nobody to be reported to.
        let _ = self.out.lock().write_all(line.as_bytes());
    }

    fn flush(&self) {
        let _ = self.out.lock().flush();
    }
}

fn is_talkative(target: &str) -> bool {
    TALKATIVE.iter().any(|prefix| target.starts_with(prefix))
}

fn is_clients_fault(target: &str, message: &str) -> bool {
    target.starts_with("pingora") && CLIENT_FAULTS.iter().any(|words| message.contains(words))
}

fn line(record: &Record<'_>, level: Level, message: &str) -> String {
    let mut time = String::with_capacity(24);
    push_time(&mut time, unix_now());
    let mut object = Map::new();
    object.insert("time".into(), time.into());
    object.insert("level".into(), level.as_str().to_ascii_lowercase().into());
    object.insert("target".into(), record.target().into());
    object.insert("message".into(), redact(message).into());
    let mut fields = Fields(Map::new());
    // The visitor never fails.
    let _ = record.key_values().visit(&mut fields);
    if !fields.0.is_empty() {
        object.insert("fields".into(), Json::Object(fields.0));
    }
    let mut line = Json::Object(object).to_string();
    line.push('\n');
    line
}

struct Fields(Map<String, Json>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        let json = value
            .to_bool()
            .map(Json::from)
            .or_else(|| value.to_u64().map(Json::from))
            .or_else(|| value.to_i64().map(Json::from))
            .or_else(|| value.to_f64().map(Json::from))
            .unwrap_or_else(|| redact(&value.to_string()).into());
        self.0.insert(key.to_string(), json);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log::Log as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: LevelFilter, level: Level, target: &str, message: &str) -> String {
        let memory = Memory::default();
        let fields = [("attempt", Value::from(2)), ("key", Value::from("sk-secret"))];
        Log::new(filter, Box::new(memory.clone())).log(
            &Record::builder()
                .level(level)
                .target(target)
                .key_values(&fields)
                .args(format_args!("{message}"))
                .build(),
        );
        let bytes = memory.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_json_line_without_secrets() {
        let line = logged(LevelFilter::Info, Level::Warn, "tollgate::x", "a\nb Bearer abc");
        assert!(line.ends_with('\n') && line.lines().count() == 1);
        let event: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(event["level"], "warn");
        assert_eq!(event["target"], "tollgate::x");
        assert_eq!(event["message"], "a\nb Bearer ***");
        assert_eq!(event["fields"], serde_json::json!({"attempt": 2, "key": "sk-***"}));
        assert!(event["time"].as_str().is_some_and(|time| time.len() == 24 && time.ends_with('Z')));
    }

    #[test]
    fn levels_and_talkative_libraries_are_filtered() {
        let shown = |filter, level, target| !logged(filter, level, target, "m").is_empty();
        assert!(!shown(LevelFilter::Info, Level::Debug, "tollgate"));
        assert!(shown(LevelFilter::Info, Level::Info, "tollgate"));
        assert!(!shown(LevelFilter::Info, Level::Info, "pingora_core::server"));
        assert!(shown(LevelFilter::Debug, Level::Info, "pingora_core::server"));
        assert!(shown(LevelFilter::Warn, Level::Error, "sqlx::query"));
        assert!(!shown(LevelFilter::Off, Level::Error, "tollgate"));
    }

    #[test]
    fn clients_that_go_away_are_no_errors() {
        let message = "Fail to proxy: Downstream ReadError context: reset by peer";
        assert!(logged(LevelFilter::Info, Level::Error, "pingora_proxy", message).is_empty());
        assert!(!logged(LevelFilter::Info, Level::Error, "tollgate", message).is_empty());
        assert!(
            !logged(LevelFilter::Info, Level::Error, "pingora_proxy", "Fail to bind").is_empty()
        );
    }

    #[test]
    fn level_names_of_both_languages_are_known() {
        assert_eq!(parse_level("WARNING"), Some(LevelFilter::Warn));
        assert_eq!(parse_level("critical"), Some(LevelFilter::Error));
        assert_eq!(parse_level("loud"), None);
    }
}
