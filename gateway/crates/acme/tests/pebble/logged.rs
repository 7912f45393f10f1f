//! What is logged, by all tests of this process.

use std::sync::{Mutex, Once, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::ca::Place;
use crate::site::{Site, until};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static INSTALLED: Once = Once::new();

struct Collector;

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(format!("{} {} {}", record.target(), record.level(), record.args()));
    }

    fn flush(&self) {}
}

fn collect() {
    INSTALLED.call_once(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
}

#[tokio::test]
async fn orders_and_failures_are_told_and_no_key_is() {
    collect();
    let mut site = Site::new().await;
    site.settings.domains = vec!["told.example.com".to_owned()];
    let pebble = site.place.start(0);
    let acme = site.start();
    until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    drop((acme, pebble));
    let kept = std::fs::read_to_string(site.files("accounts", "").remove(0)).unwrap();
    let account: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let certificate = site.received().remove(0);
    // Nobody listens at this CA.
    site.place = Place::new(1, 1);
    site.settings.directory = site.place.directory();
    site.settings.root_certificate = Some(site.place.root_certificate());
    let failing = site.start();
    until(&failing, |state| state.last_error.is_some()).await;
    let lines = LINES.lock().unwrap().join("\n");
    let told = |level: Level, text: &str| lines.contains(&format!("acme {level} {text}"));
    assert!(told(Level::Info, "got a certificate for told.example.com"), "{lines}");
    assert!(told(Level::Error, "no certificate for told.example.com: "), "{lines}");
    let secret = account["key_pkcs8"].as_str().unwrap();
    let key = certificate.key_pem().lines().find(|line| !line.starts_with("---")).unwrap();
    assert!(secret.len() > 40 && key.len() > 40);
    assert!(!lines.contains(secret) && !lines.contains(key) && !lines.contains("PRIVATE"));
}
