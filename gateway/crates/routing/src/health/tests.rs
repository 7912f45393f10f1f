use super::*;
use crate::{Cause, Policy};

fn at(seconds: u64) -> Moment {
    Moment::at(Duration::from_secs(seconds))
}

fn fail(health: &Health, cause: Cause, rules: &Cooldowns, now: Moment) -> Option<Duration> {
    health.failed(&cause.into(), rules, false, now);
    health.cooling(now)
}

#[test]
fn a_cooldown_lasts_as_long_as_it_is_set() {
    let (health, rules) = (Health::default(), Cooldowns::default());
    assert_eq!(fail(&health, Cause::Timeout, &rules, at(100)), Some(Duration::from_secs(5)));
    assert_eq!(health.cooling(at(104)), Some(Duration::from_secs(1)));
    assert_eq!(health.cooling(at(105)), None);
}

#[test]
fn what_passes_by_itself_only_with_time_cools_at_once() {
    let rules = Cooldowns::default();
    let causes = [
        (Cause::RateLimited, true),
        (Cause::Authentication, true),
        (Cause::Permission, true),
        (Cause::NotFound, true),
        (Cause::Timeout, true),
        (Cause::Internal, false),
        (Cause::Overloaded, false),
        (Cause::InvalidRequest, false),
        (Cause::ContextWindow, false),
        (Cause::ContentPolicy, false),
    ];
    for (cause, cools) in causes {
        let cooling = fail(&Health::default(), cause, &rules, at(1));
        assert_eq!(cooling.is_some(), cools, "{cause:?}");
    }
}

#[test]
fn more_than_half_of_five_calls_must_fail() {
    let (health, rules) = (Health::default(), Cooldowns::default());
    for _ in 0..3 {
        health.answered(Duration::ZERO, at(60));
    }
    for _ in 0..3 {
        assert_eq!(fail(&health, Cause::Internal, &rules, at(61)), None);
    }
    assert!(fail(&health, Cause::Internal, &rules, at(62)).is_some());
    // The next minute counts anew.
    let fresh = Health::default();
    for second in [50, 55, 59, 60, 65, 70, 75] {
        assert_eq!(fail(&fresh, Cause::Internal, &rules, at(second)), None, "{second}");
    }
}

#[test]
fn allowed_fails_is_exact_and_holds_for_a_lone_deployment_too() {
    let rules = Cooldowns { allowed_fails: Some(2), ..Cooldowns::default() };
    let health = Health::default();
    for failures in 1..=3 {
        health.failed(&Cause::Internal.into(), &rules, true, at(1));
        assert_eq!(health.cooling(at(1)).is_some(), failures > 2, "{failures}");
    }
}

#[test]
fn a_lone_deployment_is_not_left_alone_without_allowed_fails() {
    let (health, rules) = (Health::default(), Cooldowns::default());
    let retry_after = Some(Duration::from_secs(30));
    for _ in 0..20 {
        health.failed(&Failure { cause: Cause::RateLimited, retry_after }, &rules, true, at(1));
    }
    assert_eq!(health.cooling(at(1)), None);
}

#[test]
fn a_policy_counts_its_class_alone() {
    let policy = Policy { timeout: Some(1), bad_request: Some(0), ..Policy::default() };
    let rules = Cooldowns { policy, allowed_fails: Some(100), ..Cooldowns::default() };
    let health = Health::default();
    assert_eq!(fail(&health, Cause::Internal, &rules, at(1)), None);
    assert_eq!(fail(&health, Cause::Timeout, &rules, at(1)), None);
    assert!(fail(&health, Cause::Timeout, &rules, at(1)).is_some());
    assert!(fail(&Health::default(), Cause::InvalidRequest, &rules, at(1)).is_some());
}

#[test]
fn the_providers_own_wait_counts_where_it_is_longer() {
    let rules = Cooldowns { allowed_fails: Some(100), ..Cooldowns::default() };
    let cooled = |seconds| {
        let health = Health::default();
        let retry_after = Some(Duration::from_secs(seconds));
        health.failed(&Failure { cause: Cause::RateLimited, retry_after }, &rules, false, at(1));
        health.cooling(at(1)).map(|left| left.as_secs())
    };
    assert_eq!([cooled(1), cooled(30), cooled(1_000_000)], [Some(5), Some(30), Some(3600)]);
}

#[test]
fn an_answer_and_a_good_probe_end_a_cooldown() {
    let (health, rules) = (Health::default(), Cooldowns::default());
    fail(&health, Cause::Timeout, &rules, at(1));
    health.answered(Duration::ZERO, at(2));
    assert_eq!(health.cooling(at(2)), None);
    fail(&health, Cause::Timeout, &rules, at(2));
    health.probed(false);
    assert!(health.cooling(at(2)).is_some());
    health.probed(true);
    assert_eq!((health.cooling(at(2)), health.verdict()), (None, Verdict::Up));
}

#[test]
fn a_disabled_cooldown_never_begins() {
    let rules = Cooldowns { enabled: false, allowed_fails: Some(0), ..Cooldowns::default() };
    assert_eq!(fail(&Health::default(), Cause::RateLimited, &rules, at(1)), None);
}

#[test]
fn ceilings_are_kept_and_what_is_refused_counts_nothing() {
    let health = Health::default();
    let ceilings = Ceilings { calls: Some(2), tokens: Some(100), parallel: Some(1) };
    assert!(health.begin(&ceilings, 60, at(1)));
    assert!(!health.begin(&ceilings, 1, at(1)), "one at once");
    health.end();
    assert!(!health.begin(&ceilings, 41, at(1)), "too many tokens");
    assert_eq!(health.in_flight(), 0);
    assert!(health.begin(&ceilings, 40, at(1)));
    health.end();
    health.used(60, 5, at(1), at(2));
    assert_eq!(health.tokens(at(2)), 45);
    assert!(!health.begin(&ceilings, 10, at(2)), "two calls a minute");
    assert_eq!((health.in_flight(), health.tokens(at(2))), (0, 45));
    assert!(health.begin(&ceilings, 100, at(60)));
}

#[test]
fn threads_never_pass_a_ceiling() {
    use std::sync::atomic::AtomicU32;
    let (health, most) = (Health::default(), AtomicU32::new(0));
    let ceilings = Ceilings { calls: Some(5000), tokens: None, parallel: Some(3) };
    let begun: u32 = std::thread::scope(|scope| {
        let work = || {
            let mut begun = 0;
            for _ in 0..20_000 {
                if health.begin(&ceilings, 0, at(1)) {
                    most.fetch_max(health.in_flight(), Ordering::Relaxed);
                    begun += 1;
                    health.end();
                }
            }
            begun
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((begun, health.in_flight()), (5000, 0));
    assert!(most.load(Ordering::Relaxed) <= 3);
}
