use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::{Alias, Ceilings, Cooldowns, Fallbacks, Healths, Knobs, Policy, Row, Rules};

const NOW: Moment = Moment::ORIGIN;

fn rows(groups: &[(&'static str, &'static str)]) -> Vec<Row<&'static str>> {
    let row = |(group, id): &(&'static str, &'static str)| Row {
        id: (*id).to_owned(),
        group: (*group).to_owned(),
        knobs: Knobs::default(),
        deployment: *id,
    };
    groups.iter().map(row).collect()
}

fn router(rules: Rules, groups: &[(&'static str, &'static str)]) -> Router<&'static str> {
    Router::new(rules, rows(groups), &Healths::default())
}

fn wish(model: &str) -> Wish {
    Wish { model: model.to_owned(), ..Wish::default() }
}

fn table(entries: &[(&str, &[&str])]) -> HashMap<String, Vec<String>> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    entries.iter().map(|(group, list)| ((*group).to_owned(), names(list))).collect()
}

fn falling_back(entries: &[(&str, &[&str])]) -> Rules {
    let mut rules = Rules {
        fallbacks: Fallbacks { general: table(entries), ..Fallbacks::default() },
        ..Rules::default()
    };
    rules.retries.count = 0;
    rules
}

fn retrying(count: u32) -> Rules {
    let mut rules = Rules::default();
    rules.retries.count = count;
    rules
}

/// Everybody who is asked if every attempt fails so, with the wait before; and how it ends.
fn asked(
    router: &Router<&'static str>,
    wish: Wish,
    failures: impl Fn(&str) -> Failure,
) -> (Vec<(&'static str, Duration)>, GiveUp) {
    let mut dice = StdRng::seed_from_u64(3);
    let mut plan = router.plan(wish).unwrap();
    let (mut last, mut asked, mut now) = (Last::Nothing, Vec::new(), NOW);
    loop {
        match plan.next(last, now, &mut dice) {
            Step::GiveUp(end) => return (asked, end),
            Step::Attempt(attempt) => {
                let id = attempt.member.deployment;
                asked.push((id, attempt.wait));
                now = now.plus(attempt.wait);
                last = Last::Failed(attempt.permit, failures(id));
            }
        }
    }
}

fn ids(router: &Router<&'static str>, wish: Wish, cause: Cause) -> Vec<&'static str> {
    asked(router, wish, |_| cause.into()).0.into_iter().map(|(id, _)| id).collect()
}

#[test]
fn retries_go_to_others_first_and_wait_only_before_the_same() {
    let router = router(retrying(2), &[("g", "a"), ("g", "b")]);
    let (asked, end) = asked(&router, wish("g"), |_| Cause::Internal.into());
    let [(first, none), (second, none_either), (_, some)] = asked[..] else { panic!("{asked:?}") };
    assert_ne!(first, second);
    assert_eq!((none, none_either), (Duration::ZERO, Duration::ZERO));
    assert!(some > Duration::from_millis(300), "{some:?}");
    assert_eq!(end, GiveUp::Failed);
}

#[test]
fn what_cannot_succeed_is_not_tried_again() {
    let alone = || router(retrying(5), &[("g", "a")]);
    let two = || router(retrying(5), &[("g", "a"), ("g", "b")]);
    let times = [
        (Cause::InvalidRequest, 1, 1),
        (Cause::ContextWindow, 1, 1),
        (Cause::ContentPolicy, 1, 1),
        // Another deployment has another credential.
        (Cause::Authentication, 1, 2),
        (Cause::Overloaded, 6, 6),
        (Cause::Internal, 6, 6),
    ];
    for (cause, one, several) in times {
        assert_eq!(ids(&alone(), wish("g"), cause).len(), one, "{cause:?}");
        assert_eq!(ids(&two(), wish("g"), cause).len(), several, "{cause:?}");
    }
}

#[test]
fn a_policy_and_the_client_say_how_often() {
    let mut rules = retrying(1);
    rules.retries.policy = Policy { bad_request: Some(3), internal: Some(0), ..Policy::default() };
    let own = Policy { internal: Some(2), ..Policy::default() };
    rules.retries.of_groups = HashMap::from([("own".to_owned(), own)]);
    let router = router(rules, &[("g", "a"), ("own", "b")]);
    assert_eq!(ids(&router, wish("g"), Cause::InvalidRequest).len(), 4);
    assert_eq!(ids(&router, wish("g"), Cause::Internal).len(), 1);
    assert_eq!(ids(&router, wish("own"), Cause::Internal).len(), 3);
    assert_eq!(ids(&router, wish("g"), Cause::Overloaded).len(), 2);
    let clients = |retries| Wish { retries: Some(retries), ..wish("g") };
    assert_eq!(ids(&router, clients(0), Cause::Overloaded).len(), 1);
    assert_eq!(ids(&router, clients(4), Cause::Overloaded).len(), 5);
    assert_eq!(ids(&router, clients(u32::MAX), Cause::Overloaded).len(), 11);
}

#[test]
fn no_attempt_begins_after_the_calls_time() {
    let router = router(retrying(9), &[("g", "a")]);
    let until = Some(Moment::at(Duration::from_secs(3)));
    let (asked, _) = asked(&router, Wish { until, ..wish("g") }, |_| Cause::Internal.into());
    assert_eq!(asked.len(), 3, "waits of about 0.5, 1 and 2 seconds");
}

#[test]
fn stand_ins_come_in_their_order_and_their_own_before_the_rest() {
    let rules = falling_back(&[("a", &["b", "c"]), ("b", &["d"])]);
    let router = router(rules, &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    assert_eq!(ids(&router, wish("a"), Cause::Internal), ["1", "2", "4", "3"]);
}

#[test]
fn circles_end() {
    let rules = falling_back(&[("a", &["b", "a"]), ("b", &["a", "b", "alias"]), ("*", &["a"])]);
    let alias = Alias { group: "a".to_owned(), hidden: false };
    let rules = Rules { aliases: HashMap::from([("alias".to_owned(), alias)]), ..rules };
    let router = router(rules, &[("a", "1"), ("b", "2"), ("c", "3")]);
    assert_eq!(ids(&router, wish("a"), Cause::Internal), ["1", "2"]);
    assert_eq!(ids(&router, wish("c"), Cause::Internal), ["3", "1", "2"]);
    assert_eq!(ids(&router, wish("alias"), Cause::Internal), ["1", "2"]);
}

#[test]
fn only_so_many_groups_stand_in() {
    let mut rules = falling_back(&[("a", &["b", "c", "d"])]);
    rules.fallbacks.groups_max = 2;
    let router = router(rules, &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    assert_eq!(ids(&router, wish("a"), Cause::Internal), ["1", "2", "3"]);
}

#[test]
fn the_kind_of_failure_chooses_the_list() {
    let mut rules = falling_back(&[("a", &["b"])]);
    let groups = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")];
    let general = router(rules.clone(), &groups);
    assert_eq!(ids(&general, wish("a"), Cause::ContextWindow), ["1", "2"]);
    rules.fallbacks.context_window = Some(table(&[("a", &["c"])]));
    rules.fallbacks.content_policy = Some(table(&[("other", &["d"])]));
    let router = router(rules, &groups);
    assert_eq!(ids(&router, wish("a"), Cause::ContextWindow), ["1", "3"]);
    assert_eq!(ids(&router, wish("a"), Cause::ContentPolicy), ["1"]);
    assert_eq!(ids(&router, wish("a"), Cause::InvalidRequest), ["1", "2"]);
}

#[test]
fn the_client_may_name_or_refuse_stand_ins() {
    let router = router(falling_back(&[("a", &["b"])]), &[("a", "1"), ("b", "2"), ("c", "3")]);
    let own = |names: &[&str]| StandIns::Own(names.iter().map(|n| (*n).to_owned()).collect());
    let of = |fallbacks| ids(&router, Wish { fallbacks, ..wish("a") }, Cause::Internal);
    assert_eq!(of(own(&["unknown", "c"])), ["1", "3"]);
    assert_eq!(of(own(&[])), ["1"]);
    assert_eq!(of(StandIns::Refused), ["1"]);
}

#[test]
fn a_provider_that_asks_for_a_wait_gets_it_unless_somebody_stands_in() {
    let limited =
        |_: &str| Failure { cause: Cause::RateLimited, retry_after: Some(Duration::from_secs(7)) };
    let alone = router(retrying(2), &[("a", "1")]);
    let (waits, _) = asked(&alone, wish("a"), limited);
    assert_eq!(waits, [("1", 0), ("1", 7), ("1", 7)].map(|(id, s)| (id, Duration::from_secs(s))));
    let mut rules = falling_back(&[("a", &["b"])]);
    rules.retries.count = 2;
    let (asked, _) = asked(&router(rules, &[("a", "1"), ("b", "2")]), wish("a"), limited);
    assert_eq!(asked.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["1", "2", "2", "2"]);
}

#[test]
fn a_group_that_is_left_alone_makes_way_and_is_asked_once_if_nobody_does() {
    let mut rules = falling_back(&[("a", &["b"])]);
    rules.cooldowns = Cooldowns { allowed_fails: Some(0), ..Cooldowns::default() };
    rules.retries.count = 2;
    let router = router(rules, &[("a", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("c", "5")]);
    let first = ids(&router, wish("a"), Cause::Internal);
    assert_eq!(first.len(), 3, "both of the group, then the stand-in");
    assert_eq!(ids(&router, wish("a"), Cause::Internal).len(), 1, "all three are left alone");
    assert_eq!(ids(&router, wish("c"), Cause::Internal).len(), 2);
    let again = asked(&router, wish("c"), |_| Cause::Internal.into());
    assert_eq!((again.0.len(), again.1), (1, GiveUp::Failed));
}

#[test]
fn ceilings_are_kept_even_if_nobody_stands_in() {
    let mut rows = rows(&[("a", "1")]);
    rows[0].knobs.ceilings = Ceilings { calls: Some(2), ..Ceilings::default() };
    let router = Router::new(retrying(5), rows, &Healths::default());
    assert_eq!(ids(&router, wish("a"), Cause::Internal), ["1", "1"]);
    let (asked, end) = asked(&router, wish("a"), |_| Cause::Internal.into());
    assert_eq!((asked, end), (vec![], GiveUp::Full { retry_after: Duration::from_secs(60) }));
}

#[test]
fn a_pinned_plan_asks_one_deployment_once_whatever_is_known_of_it() {
    let mut rules = falling_back(&[("a", &["b"])]);
    rules.retries.count = 3;
    let router = router(rules, &[("a", "1"), ("a", "2"), ("b", "3")]);
    for _ in 0..3 {
        let mut plan = router.plan(wish("a")).unwrap().pinned_to(1);
        let mut dice = StdRng::seed_from_u64(1);
        let Step::Attempt(attempt) = plan.next(Last::Nothing, NOW, &mut dice) else { panic!() };
        assert_eq!(attempt.member.deployment, "2");
        let failed = Last::Failed(attempt.permit, Cause::Timeout.into());
        let end = plan.next(failed, NOW, &mut dice);
        assert!(matches!(end, Step::GiveUp(GiveUp::Failed)), "{end:?}");
    }
}

#[test]
fn names_lead_to_the_group_that_knows_most_of_them() {
    let alias = |group: &str| Alias { group: group.to_owned(), hidden: false };
    let aliases = [("nick", "exact"), ("wild", "openai/x"), ("exact2", "nick")];
    let aliases = aliases.map(|(name, group)| (name.to_owned(), alias(group)));
    let rules = Rules { aliases: HashMap::from(aliases), ..Rules::default() };
    let groups = [("*", "any"), ("openai/*", "oai"), ("openai/gpt-*", "gpt"), ("exact", "exact")];
    let router = router(rules, &groups);
    let found = |name| {
        let plan = router.plan(wish(name)).unwrap();
        let found = (plan.here.group.members()[0].deployment, plan.captured().map(str::to_owned));
        assert_eq!(plan.name(), name, "the name that the client gave");
        found
    };
    let with = |id, captured: &str| (id, Some(captured.to_owned()));
    assert_eq!(found("exact"), ("exact", None));
    assert_eq!(found("nick"), ("exact", None));
    assert_eq!(found("wild"), with("oai", "x"));
    assert_eq!(found("openai/gpt-4o"), with("gpt", "4o"));
    assert_eq!(found("openai/o3"), with("oai", "o3"));
    assert_eq!(found("claude"), with("any", "claude"));
    assert_eq!(found("exact2"), with("any", "nick"), "an alias is not followed twice");
}

#[test]
fn all_that_a_call_may_come_to_is_known_before() {
    let mut rules = falling_back(&[("a", &["b"]), ("b", &["w/x", "a"])]);
    rules.fallbacks.context_window = Some(table(&[("a", &["c"])]));
    let router =
        router(rules, &[("a", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("w/*", "5"), ("d", "6")]);
    let reach = |wish: Wish| -> Vec<(&str, Option<String>)> {
        let reached = router.reach(&wish).into_iter();
        reached.map(|reached| (reached.member.deployment, reached.captured)).collect()
    };
    let plain = |ids: &[&'static str]| ids.iter().map(|id| (*id, None)).collect::<Vec<_>>();
    let mut all = plain(&["1", "2", "3", "4"]);
    all.push(("5", Some("x".to_owned())));
    assert_eq!(reach(wish("a")), all);
    assert_eq!(reach(Wish { fallbacks: StandIns::Refused, ..wish("a") }), plain(&["1", "2"]));
    let own = StandIns::Own(vec!["d".to_owned()]);
    assert_eq!(reach(Wish { fallbacks: own, ..wish("a") }), plain(&["1", "2", "6"]));
    assert_eq!(reach(wish("nobody")), []);
}

/// Whatever the rules and whatever happens: a plan ends, within its bound, asks only what it said
/// that it may, and leaves nobody busy.
#[test]
fn every_plan_ends() {
    const GROUPS: [&str; 6] = ["a", "b", "c", "d", "w/*", "*"];
    const IDS: [&str; 12] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
    let mut dice = StdRng::seed_from_u64(11);
    for _ in 0..3_000 {
        let healths = Healths::default();
        let rows = IDS.map(|id| {
            let mut row = rows(&[(GROUPS[dice.random_range(0..GROUPS.len())], id)]).remove(0);
            row.knobs.order = dice.random_bool(0.3).then(|| dice.random_range(0..3));
            row.knobs.ceilings.parallel = dice.random_bool(0.2).then_some(1);
            row
        });
        let router = Router::new(random_rules(&mut dice), rows, &healths);
        for _ in 0..4 {
            run(&router, &mut dice);
        }
        assert!(IDS.iter().all(|id| healths.of(id).in_flight() == 0));
    }
}

const CAUSES: [Cause; 10] = [
    Cause::InvalidRequest,
    Cause::Authentication,
    Cause::Permission,
    Cause::NotFound,
    Cause::ContextWindow,
    Cause::ContentPolicy,
    Cause::RateLimited,
    Cause::Timeout,
    Cause::Internal,
    Cause::Overloaded,
];
const NAMES: [&str; 7] = ["a", "b", "c", "d", "w/x", "w/y", "else"];

fn random_rules(dice: &mut StdRng) -> Rules {
    let mut lists = || {
        let mut entries = HashMap::new();
        for _ in 0..dice.random_range(0..6) {
            let key = ["a", "b", "w/x", "*", "c"][dice.random_range(0..5)];
            let list =
                (0..dice.random_range(0..4)).map(|_| NAMES[dice.random_range(0..7)].to_owned());
            entries.insert(key.to_owned(), list.collect());
        }
        entries
    };
    let general = lists();
    let context_window = Some(lists());
    let fallbacks = Fallbacks { general, context_window, content_policy: None, groups_max: 3 };
    let mut rules = Rules { fallbacks, ..retrying(dice.random_range(0..3)) };
    rules.cooldowns.allowed_fails = dice.random_bool(0.5).then_some(1);
    rules
}

fn run(router: &Router<&'static str>, dice: &mut StdRng) {
    let wish = wish(NAMES[dice.random_range(0..7)]);
    let reached: Vec<_> =
        router.reach(&wish).iter().map(|reached| reached.member.deployment).collect();
    let Some(mut plan) = router.plan(wish) else { return };
    let (mut last, mut attempts, mut now) = (Last::Nothing, 0, NOW);
    while let Step::Attempt(attempt) = plan.next(last, now, dice) {
        attempts += 1;
        assert!(attempts <= 4 * 3, "more than four groups with three attempts each");
        assert!(reached.contains(&attempt.member.deployment));
        now = now.plus(attempt.wait);
        if dice.random_bool(0.2) {
            attempt.permit.answered(now);
            return;
        }
        let retry_after =
            dice.random_bool(0.3).then(|| Duration::from_secs(dice.random_range(0..90)));
        let failure = Failure { cause: CAUSES[dice.random_range(0..10)], retry_after };
        last = Last::Failed(attempt.permit, failure);
    }
    let again = plan.next(Last::Nothing, now, dice);
    assert!(matches!(again, Step::GiveUp(_)), "what is over stays over");
}
