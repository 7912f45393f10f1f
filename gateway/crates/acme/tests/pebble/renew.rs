//! Renewal, by a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use tollgate_acme::Certificate;

use crate::clock::SetClock;
use crate::site::{Site, until};

fn life(certificate: &Certificate) -> Duration {
    certificate.not_after().duration_since(certificate.not_before()).unwrap()
}

#[tokio::test]
async fn after_two_thirds_of_its_life_and_not_before_a_certificate_is_renewed_with_a_new_key() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let clock = Arc::new(SetClock::new());
    let acme = site.start_at(clock.clone());
    until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    let first = site.received()[0].clone();
    let renew_at = acme.state().renew_at.unwrap();
    let expected = first.not_before() + life(&first) * 2 / 3;
    let apart = renew_at.duration_since(expected).or_else(|_| expected.duration_since(renew_at));
    assert!(apart.unwrap() < Duration::from_secs(1));

    clock.set(renew_at - Duration::from_secs(2));
    // Whoever starts now sees the same certificate and orders nothing.
    let other = site.start_at(clock.clone());
    until(&other, |state| state.renew_at.is_some()).await;
    assert_eq!(pebble.count("POST /order-plz"), 1);
    drop(other);

    clock.set(renew_at + Duration::from_secs(1));
    until(&acme, |state| state.issued == 2).await;
    let renewed = site.received().last().unwrap().clone();
    assert_ne!(renewed.key_pem(), first.key_pem());
    assert_ne!(renewed.chain_pem(), first.chain_pem());
    assert_eq!(pebble.count("POST /sign-me-up"), 1);
}

#[tokio::test]
async fn what_another_process_renewed_is_taken_over_without_an_order() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let clock = Arc::new(SetClock::new());
    let acme = site.start_at(clock.clone());
    until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    let slower = site.start_at(clock.clone());
    until(&slower, |state| state.renew_at.is_some()).await;
    // Both find it due at once; the lock lets one order.
    clock.set(acme.state().renew_at.unwrap() + Duration::from_secs(1));
    let orders = |count| move |state: &tollgate_acme::AcmeState| state.issued == count;
    tokio::select! {
        _ = until(&acme, orders(2)) => {}
        _ = until(&slower, orders(1)) => {}
    }
    assert_eq!(pebble.count("POST /order-plz"), 2);
}

#[tokio::test]
async fn a_wrong_clock_orders_no_more_than_one_an_hour() {
    let site = Site::new().await;
    let pebble = site.place.start(0);
    let clock = Arc::new(SetClock::new());
    // A hundred years ahead, every certificate is overdue.
    clock.advance(Duration::from_secs(100 * 365 * 86_400));
    let acme = site.start_at(clock.clone());
    let state = until(&acme, |state| state.issued == 1 && state.renew_at.is_some()).await;
    assert_eq!(pebble.count("POST /order-plz"), 1);
    let wait = state.renew_at.unwrap().duration_since(tollgate_acme::Clock::now(&*clock)).unwrap();
    assert_eq!(wait, Duration::from_secs(3600));
}
