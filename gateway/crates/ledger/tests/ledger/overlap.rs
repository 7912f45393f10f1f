//! Two processes on one folder: no budget is passed, and nothing is counted twice or not at all.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tollgate_domain::{KeyHash, NanoUsd};
use tollgate_ledger::{JournalError, LedgerSettings, NewKey, Opened, Settled};

use crate::fixture::{
    charge, eventually, journal_files, key_hash, opened, settings, settled, spend, with_fixture_key,
};
use crate::home::{Home, on_both};
use crate::process::Process;

/// What each call reserves, and a budget for fifty.
pub(crate) const EACH: u64 = 100;
pub(crate) const BUDGET: u64 = 50 * EACH;

on_both!(what_one_process_has_open_is_not_there_for_another_and_what_it_gives_back_is);
async fn what_one_process_has_open_is_not_there_for_another_and_what_it_gives_back_is(home: Home) {
    with_fixture_key(&home).await;
    let old = Process::with_key(&home).await;
    let mut open = old.admit_many(30, EACH, BUDGET);
    assert_eq!(open.len(), 30);
    let new = Process::with_key(&home).await;
    let fresh = new.admit_many(60, EACH, BUDGET);
    assert_eq!(fresh.len(), 20);
    // Ten end at half of what they reserved: room for five, no more.
    for opened in open.drain(..10) {
        old.end(opened, EACH / 2);
    }
    let more = new.admit_many(60, EACH, BUDGET);
    assert_eq!(more.len(), 5);
    assert_eq!(new.spent(key_hash()), Some(10 * EACH / 2));
    for opened in open {
        old.end(opened, EACH);
    }
    for opened in fresh.into_iter().chain(more) {
        new.end(opened, EACH);
    }
    tokio::join!(old.ledger.flush(), new.ledger.flush());
    for process in [&old, &new] {
        process.catch_up().await;
        assert_eq!(process.spent(key_hash()), Some(BUDGET));
        assert_eq!(process.counted.0.open_total(), NanoUsd::ZERO);
    }
    assert_eq!(spend(&new.ledger).await, BUDGET);
}

on_both!(spend_is_followed_without_being_asked_for);
async fn spend_is_followed_without_being_asked_for(home: Home) {
    with_fixture_key(&home).await;
    let old = Process::with_key(&home).await;
    let call = old.admit(key_hash(), EACH, BUDGET).unwrap();
    let new = Process::with_key(&home).await;
    assert_eq!(new.counted.0.reserved(call.call).get(), EACH);
    old.end(call, 60);
    eventually("the end is seen", || new.spent(key_hash()) == Some(60)).await;
    old.ledger.close().await;
    new.catch_up().await;
    assert_eq!(new.spent(key_hash()), Some(60));
    eventually("nobody is left", || !new.ledger.neighbours().any()).await;
}

on_both!(a_call_reserved_before_and_opened_after_others_took_the_budget_is_not_made);
async fn a_call_reserved_before_and_opened_after_others_took_the_budget_is_not_made(home: Home) {
    with_fixture_key(&home).await;
    let old = Process::with_key(&home).await;
    let late = old.reserve(key_hash(), EACH, BUDGET).unwrap();
    let new = Process::with_key(&home).await;
    assert!(old.ledger.neighbours().look().unwrap());
    let taken = new.admit_many(60, EACH, BUDGET);
    assert_eq!(taken.len(), 50);
    let refused = old.ledger.journal().opened(&late);
    assert!(matches!(refused, Err(JournalError::OverBudget)), "{refused:?}");
    old.end(late, 0);
    for opened in taken {
        new.end(opened, EACH - 2);
    }
    assert!(old.admit(key_hash(), EACH, BUDGET).is_some(), "one fits again");
    assert!(old.admit(key_hash(), EACH, BUDGET).is_none());
}

on_both!(a_call_whose_end_was_shipped_before_the_start_is_not_held);
async fn a_call_whose_end_was_shipped_before_the_start_is_not_held(home: Home) {
    with_fixture_key(&home).await;
    let small = LedgerSettings { segment_bytes: 1_200, ..settings(&home) };
    let old = Process::start(small).await;
    let (ended, still_open) = (opened(), opened());
    old.ledger.journal().opened(&ended).unwrap();
    old.ledger.journal().opened(&still_open).unwrap();
    assert_eq!(journal_files(home.path(), ".tgj").len(), 1, "both in one segment");
    old.ledger.journal().settled(&settled(ended.clone())).unwrap();
    crate::fixture::calls(&old.ledger, 3);
    old.ledger.flush().await;
    assert_eq!(journal_files(home.path(), ".tgj").len(), 2, "the end's segment is deleted");
    let new = Process::with_key(&home).await;
    assert_eq!(new.counted.0.open_total(), still_open.reserved);
    assert_eq!(new.spent(key_hash()), Some(spend(&new.ledger).await));
    old.ledger.journal().settled(&settled(still_open)).unwrap();
    old.ledger.close().await;
    new.catch_up().await;
    assert_eq!(new.counted.0.open_total(), NanoUsd::ZERO);
    assert_eq!(new.spent(key_hash()), Some(spend(&new.ledger).await));
}

/// Calls of one process on a key, with pauses where others get a turn.
async fn spend_at_random(process: &Process, key: KeyHash, seed: u64) -> u64 {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sum = 0;
    for _ in 0..random.random_range(1..5) {
        let opened = Opened { key_id: key.to_string(), ..opened() };
        process.ledger.journal().opened(&opened).unwrap();
        pause(&mut random).await;
        let cost = random.random_range(1..1_000);
        let settled = Settled { charge: charge(cost), ..settled(opened) };
        process.ledger.journal().settled(&settled).unwrap();
        sum += cost;
        if random.random_bool(0.5) {
            process.ledger.flush().await;
        }
        pause(&mut random).await;
    }
    sum
}

async fn pause(random: &mut StdRng) {
    for _ in 0..random.random_range(0..40) {
        tokio::task::yield_now().await;
    }
}

on_both!(
    a_key_loaded_while_others_settle_and_ship_is_seeded_with_each_call_once,
    flavor = "multi_thread",
    worker_threads = 2
);
async fn a_key_loaded_while_others_settle_and_ship_is_seeded_with_each_call_once(home: Home) {
    with_fixture_key(&home).await;
    let small = LedgerSettings { segment_bytes: 2_000, ..settings(&home) };
    let old = Process::start(small).await;
    let new = Process::start(settings(&home)).await;
    for round in 0..200 {
        let key = KeyHash::of_key(&format!("sk-round-{round}"));
        let name = format!("round {round}");
        new.ledger.keys().create(NewKey::new(key, &name, "admin")).await.unwrap();
        let mut random = StdRng::seed_from_u64(round);
        let before = spend_at_random(&old, key, round + 1_000).await;
        let load = async {
            pause(&mut random).await;
            new.load(key).await;
            // Its own calls, from now on, are counted as they end.
            let call = new.admit(key, 500, u64::MAX).unwrap();
            pause(&mut random).await;
            new.end(call, 500);
            500
        };
        // Other keys are loaded at the same time, and bring the same rows.
        let others = async {
            for _ in 0..3 {
                new.catch_up().await;
            }
        };
        let (during, own, ()) = tokio::join!(spend_at_random(&old, key, round), load, others);
        tokio::join!(old.ledger.flush(), new.ledger.flush());
        new.catch_up().await;
        let stored = new.ledger.keys().get(key).await.unwrap().unwrap().spend.get();
        assert_eq!(stored, before + during + own, "round {round}");
        assert_eq!(new.spent(key), Some(stored), "round {round}");
    }
    assert_eq!(new.counted.0.open_total(), NanoUsd::ZERO);
}

/// A budget that they soon fight for.
const TIGHT: u64 = 1_500;

/// One thread's calls on a budget that both processes use; `truth` is what is settled and open.
/// Gives how many it admitted and how many were refused.
fn random_calls(process: &Process, seed: u64, truth: &AtomicU64) -> (usize, usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut open = Vec::new();
    let mut counts = (0, 0);
    for _ in 0..300 {
        let amount = random.random_range(1..=EACH);
        if let Some(opened) = process.admit(key_hash(), amount, TIGHT) {
            let total = truth.fetch_add(amount, Ordering::SeqCst) + amount;
            assert!(total <= TIGHT, "{total} of {TIGHT}");
            open.push(opened);
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
        if open.len() > 20 || (random.random_bool(0.5) && !open.is_empty()) {
            let opened = open.swap_remove(random.random_range(0..open.len()));
            let reserved = opened.reserved.get();
            let cost = random.random_range(0..=reserved / 20);
            truth.fetch_sub(reserved - cost, Ordering::SeqCst);
            process.end(opened, cost);
        }
    }
    for opened in open {
        truth.fetch_sub(opened.reserved.get(), Ordering::SeqCst);
        process.end(opened, 0);
    }
    counts
}

on_both!(
    two_processes_that_both_admit_never_pass_the_budget,
    flavor = "multi_thread",
    worker_threads = 2
);
async fn two_processes_that_both_admit_never_pass_the_budget(home: Home) {
    for round in 0..5 {
        let home = home.fresh().await;
        with_fixture_key(&home).await;
        let small = || LedgerSettings { segment_bytes: 20_000, ..settings(&home) };
        let processes = [Process::start(small()).await, Process::start(small()).await];
        for process in &processes {
            process.load(key_hash()).await;
            assert!(process.ledger.neighbours().look().unwrap());
        }
        let truth = AtomicU64::new(0);
        let counts = tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4)
                    .map(|thread| {
                        let (process, truth) = (&processes[thread % 2], &truth);
                        let seed = round * 10 + thread as u64;
                        scope.spawn(move || random_calls(process, seed, truth))
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            })
        });
        // How they share it is up to the machine's scheduler.
        let (made, refused) = counts.iter().fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
        assert!(made > 100 && refused > 0, "{made} made, {refused} refused");
        let [first, second] = &processes;
        tokio::join!(first.ledger.flush(), second.ledger.flush());
        let spent = spend(&first.ledger).await;
        assert_eq!(spent, truth.load(Ordering::SeqCst));
        for process in &processes {
            process.catch_up().await;
            assert_eq!(process.spent(key_hash()), Some(spent), "round {round}");
            assert_eq!(process.counted.0.open_total(), NanoUsd::ZERO);
        }
    }
}

on_both!(what_others_do_is_seen_while_the_store_is_away);
async fn what_others_do_is_seen_while_the_store_is_away(home: Home) {
    with_fixture_key(&home).await;
    let old = Process::with_key(&home).await;
    let new = Process::with_key(&home).await;
    home.execute("ALTER TABLE calls RENAME TO hidden").await;
    let ended = old.admit(key_hash(), EACH, BUDGET).unwrap();
    let open = old.admit(key_hash(), EACH, BUDGET).unwrap();
    old.end(ended, 70);
    eventually("both are seen", || {
        new.spent(key_hash()) == Some(70) && new.counted.0.reserved(open.call).get() == EACH
    })
    .await;
    home.execute("ALTER TABLE hidden RENAME TO calls").await;
    old.end(open, 20);
    old.ledger.flush().await;
    new.catch_up().await;
    assert_eq!(new.spent(key_hash()), Some(90));
}
