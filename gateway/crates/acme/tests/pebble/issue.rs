//! The first certificate.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tollgate_acme::{Certificate, ChallengeKind};

use crate::site::{DOMAIN, Site, until};

/// What a first certificate may take.
const ISSUE_MAX: Duration = Duration::from_secs(10);

fn names(certificate: &Certificate) -> Vec<String> {
    let chain = pem::parse_many(certificate.chain_pem()).unwrap();
    let (_, parsed) =
        x509_parser::parse_x509_certificate(chain.first().unwrap().contents()).unwrap();
    let names = parsed.subject_alternative_name().unwrap().unwrap();
    let name = |name: &x509_parser::extensions::GeneralName<'_>| name.to_string();
    let mut names: Vec<String> = names.value.general_names.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn http_01_gets_a_certificate_for_all_names_within_ten_seconds() {
    let mut site = Site::new().await;
    site.settings.domains.push("Other.example.com".to_owned());
    let _pebble = site.place.start(0);
    let since = Instant::now();
    let acme = site.start();
    let state = until(&acme, |state| state.issued == 1).await;
    assert!(since.elapsed() < ISSUE_MAX, "{:?}", since.elapsed());
    let received = site.received();
    assert_eq!(received.len(), 1);
    let expected = [format!("DNSName({DOMAIN})"), "DNSName(other.example.com)".to_owned()];
    assert_eq!(names(&received[0]), expected);
    assert_eq!(state.not_after, Some(received[0].not_after()));
    assert_eq!((state.failures, state.last_error), (0, None));
    assert!(!format!("{:?}", site.challenges).contains(".."), "{:?}", site.challenges);
}

#[tokio::test]
async fn tls_alpn_01_gets_a_certificate_within_ten_seconds() {
    let site = Site::new().await.challenged_by(ChallengeKind::TlsAlpn01);
    let _pebble = site.place.start(0);
    let since = Instant::now();
    let acme = site.start();
    until(&acme, |state| state.issued == 1).await;
    assert!(since.elapsed() < ISSUE_MAX, "{:?}", since.elapsed());
    assert_eq!(names(&site.received()[0]), [format!("DNSName({DOMAIN})")]);
}

#[tokio::test]
async fn a_ca_that_refuses_every_second_nonce_still_gives_one_at_the_first_attempt() {
    let site = Site::new().await;
    let pebble = site.place.start(50);
    let acme = site.start();
    let state = until(&acme, |state| state.issued == 1 || state.last_error.is_some()).await;
    assert_eq!(state.last_error, None);
    assert_eq!(pebble.count("reject 50% of good nonces"), 1);
}

#[tokio::test]
async fn what_was_issued_is_for_this_user_only_and_used_by_the_next_start() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let acme = site.start();
    until(&acme, |state| state.issued == 1).await;
    drop(acme);
    for file in site.files("certificates", "").iter().chain(&site.files("accounts", "")) {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    // Without a CA: what is on disk is handed over first.
    drop(pebble);
    let again = site.start();
    let state = until(&again, |state| state.renew_at.is_some()).await;
    assert_eq!(state.issued, 0);
    let received = site.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1]);
}

#[tokio::test]
async fn of_two_on_one_folder_one_orders_and_both_get_the_certificate() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let (one, other) = (site.start(), site.start());
    let one = until(&one, |state| state.renew_at.is_some()).await;
    let other = until(&other, |state| state.renew_at.is_some()).await;
    assert_eq!(one.issued + other.issued, 1);
    let received = site.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1]);
    assert_eq!(pebble.count("POST /order-plz"), 1);
    assert_eq!(pebble.count("POST /sign-me-up"), 1);
}

#[tokio::test]
async fn the_cas_question_may_arrive_at_another_process_on_the_folder() {
    for challenge in [ChallengeKind::Http01, ChallengeKind::TlsAlpn01] {
        let site = Site::shared().await.challenged_by(challenge);
        let _pebble = site.place.start(0);
        let acme = site.start();
        let state = until(&acme, |state| state.issued == 1 || state.last_error.is_some()).await;
        assert_eq!(state.last_error, None);
        assert!(site.files("challenges", "").is_empty());
    }
}
