//! CAs that are away, names that are not served from here, files that are damaged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tollgate_acme::{Acme, Certificate, Challenges, FileLock, Surroundings};

use crate::clock::{SetClock, SkippingClock};
use crate::edge::Edge;
use crate::site::{DOMAIN, Site, until};

const HOUR: Duration = Duration::from_secs(3600);

/// Takes a CA's place: lets connections in and drops them. Counts them.
async fn ruins(site: &Site) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind(site.place.address()).await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    count
}

#[tokio::test]
async fn a_ca_that_is_away_for_a_day_is_asked_once_an_hour_and_the_old_certificate_stays() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let acme = site.start();
    until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    let renew_at = acme.state().renew_at.unwrap();
    drop((acme, pebble));
    let asked = ruins(&site).await;
    let clock = Arc::new(SkippingClock::new(renew_at, renew_at + 24 * HOUR));
    let acme = site.start_at(clock.clone());
    tokio::time::timeout(Duration::from_secs(60), clock.ended()).await.unwrap();
    let state = acme.state();
    // Six in the first hour, then one an hour; and four questions when to renew.
    let asked = asked.load(Ordering::Relaxed);
    assert!((20..=6 + 24 + 4).contains(&asked), "{asked}");
    assert!((20..=6 + 24).contains(&state.failures), "{state:?}");
    assert!(state.last_error.unwrap().starts_with("the CA's directory: "));
    let received = site.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1]);
    assert_eq!(state.not_after, Some(received[0].not_after()));
    // Whoever starts anew goes on waiting.
    let clock = Arc::new(SetClock::new());
    clock.set(renew_at + 24 * HOUR);
    let restarted = site.start_at(clock);
    let state = until(&restarted, |state| state.failures > 0).await;
    assert!(state.next_attempt > Some(renew_at + 24 * HOUR));
}

#[tokio::test]
async fn a_name_that_is_not_served_from_here_is_named_with_what_the_ca_saw() {
    let challenges = Challenges::new();
    let edge = Edge::start(&challenges).await;
    // The edge answers for somebody else's challenges.
    let site = Site::with(edge, Challenges::new());
    let _pebble = site.place.start(0);
    let acme = site.start();
    let state = until(&acme, |state| state.last_error.is_some()).await;
    let error = state.last_error.unwrap();
    assert!(error.starts_with(&format!("{DOMAIN} was not verified by http-01: ")), "{error}");
    assert!(error.contains("404"), "{error}");
    assert_eq!((state.failures, state.issued), (1, 0));
    assert!(site.received().is_empty());
}

#[tokio::test]
async fn damaged_files_are_set_aside_and_made_anew() {
    let site = Site::new().await;
    let _pebble = site.place.start(0);
    let acme = site.start();
    until(&acme, |state| state.issued == 1).await;
    drop(acme);
    let [certificate, account] = [("certificates", "certificate.pem"), ("accounts", "")]
        .map(|(folder, name)| site.files(folder, name).remove(0));
    std::fs::write(&certificate, "-----BEGIN").unwrap();
    std::fs::write(&account, "{").unwrap();
    let again = site.start();
    let state = until(&again, |state| state.issued == 1).await;
    assert_eq!((state.failures, state.last_error), (0, None));
    assert_eq!(site.received().len(), 2);
    for (folder, text) in [("certificates", "-----BEGIN"), ("accounts", "{")] {
        let files = site.files(folder, "");
        let aside = files.iter().find(|path| path.to_string_lossy().contains("set-aside")).unwrap();
        assert_eq!(std::fs::read_to_string(aside).unwrap(), text);
    }
}

#[tokio::test]
async fn a_certificate_in_use_stays_so_while_its_damaged_file_cannot_be_replaced() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let clock = Arc::new(SetClock::new());
    let acme = site.start_at(clock.clone());
    until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    drop(pebble);
    let certificate = site.files("certificates", "certificate.pem").remove(0);
    std::fs::write(&certificate, "nothing").unwrap();
    clock.advance(2 * HOUR);
    let state = until(&acme, |state| state.failures == 1).await;
    assert_eq!(state.not_after, Some(site.received()[0].not_after()));
    assert_eq!(site.received().len(), 1);
    let _pebble = site.place.start(0);
    clock.advance(2 * HOUR);
    until(&acme, |state| state.issued == 2).await;
    assert_eq!(site.received().len(), 2);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_kept_is_used_and_kept_later_and_no_other_is_ordered() {
    let site = Site::new().await;
    let clock = Arc::new(SetClock::new());
    let acme = site.start_at(clock.clone());
    until(&acme, |state| state.failures == 1).await;
    // Something stands where the file is to be written.
    let folder = site.files("certificates", "attempts.json").remove(0);
    let obstacle = folder.with_file_name("certificate.pem.new");
    std::fs::create_dir(&obstacle).unwrap();
    let pebble = site.place.start(0);
    clock.advance(HOUR);
    // It waits for its renewal, as if all were well.
    let state = until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    assert!(state.last_error.unwrap().contains("certificate.pem"));
    assert_eq!(site.received().len(), 1);
    std::fs::remove_dir(&obstacle).unwrap();
    clock.advance(2 * HOUR);
    until(&acme, |state| state.last_error.is_none()).await;
    assert_eq!(site.files("certificates", "certificate.pem").len(), 1);
    assert_eq!((pebble.count("POST /order-plz"), site.received().len()), (1, 1));
}

#[tokio::test]
async fn a_ca_that_forgot_the_account_gets_a_new_one() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let clock = Arc::new(SetClock::new());
    let acme = site.start_at(clock.clone());
    let state = until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    // Pebble keeps nothing: the next one has other accounts.
    drop(pebble);
    let pebble = site.place.start(0);
    clock.set(state.renew_at.unwrap() + Duration::from_secs(1));
    let state = until(&acme, |state| state.issued == 2).await;
    assert_eq!(state.failures, 0);
    assert_eq!(pebble.count("POST /sign-me-up"), 1);
}

#[tokio::test]
async fn what_is_dropped_in_the_middle_of_an_order_holds_up_nobody() {
    let (edge, mut asked) = Edge::silent().await;
    let challenges = Challenges::new();
    let site = Site::with(edge, challenges.clone());
    let pebble = site.place.start(0);
    let acme = site.start();
    let first = tokio::time::timeout(Duration::from_secs(30), asked.recv()).await.unwrap();
    assert!(first.is_some());
    assert_eq!(answers(&challenges), 1);
    drop(acme);
    // The next one knows that an attempt was begun.
    let clock = Arc::new(SetClock::new());
    let next = site.start_at(clock.clone());
    let state = until(&next, |state| state.failures == 1).await;
    assert!(state.next_attempt > Some(SystemTime::now()));
    // Then it has its turn; what was presented before is withdrawn.
    clock.advance(HOUR);
    // Pebble asks several times for each order.
    while pebble.count("POST /order-plz") < 2 || answers(&challenges) == 0 {
        let more = tokio::time::timeout(Duration::from_secs(30), asked.recv()).await.unwrap();
        assert!(more.is_some());
    }
    assert_eq!(answers(&challenges), 1);
}

/// How many answers stand.
fn answers(challenges: &Challenges) -> usize {
    format!("{challenges:?}").matches("..").count()
}

#[tokio::test]
async fn a_task_that_a_bug_ends_is_started_again() {
    let site = Site::new().await;
    let _pebble = site.place.start(0);
    let now = SystemTime::now();
    let clock = Arc::new(SkippingClock::new(now, now + HOUR));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let buggy = move |_: &Certificate| {
        let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        assert!(!first, "the bug of this test");
    };
    let surroundings =
        Surroundings { clock, lock: Arc::new(FileLock::new(&site.settings.data_dir)) };
    let (settings, challenges) = (site.settings.clone(), site.challenges.clone());
    let acme = Acme::start_in(surroundings, settings, challenges, buggy).unwrap();
    until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    assert!(calls.load(Ordering::Relaxed) >= 2);
}
