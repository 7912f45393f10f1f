//! Every order in which the two sources can speak of a call.

use parking_lot::Mutex;
use tollgate_domain::{Charge, Dialect, Ending, KeyHash, Observed, Pricing};

use super::*;
use crate::Opened;

/// What was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<Event>>);

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Held(CallId, u64),
    Ended(CallId, u64),
    Released(CallId),
}

use self::Event::{Ended, Held, Released};

impl Budgets for Told {
    fn seed(&self, _key: KeyHash, _spent: NanoUsd) {}

    fn hold(&self, call: CallId, key_id: &str, reserved: NanoUsd) {
        assert_eq!(key_id, "key");
        self.0.lock().push(Held(call, reserved.get()));
    }

    fn settle(&self, call: CallId, key_id: &str, amount: NanoUsd) {
        assert_eq!(key_id, "key");
        self.0.lock().push(Ended(call, amount.get()));
    }

    fn release(&self, call: CallId) {
        self.0.lock().push(Released(call));
    }

    fn fits(&self, _call: CallId) -> bool {
        true
    }
}

impl Told {
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock())
    }
}

fn call() -> Opened {
    Opened {
        call: CallId::generate(),
        client_call_id: None,
        key_id: "key".into(),
        key_alias: None,
        user_id: None,
        team_id: None,
        route: "/".into(),
        dialect: Dialect::OpenaiChat,
        model: "m".into(),
        deployment: "d".into(),
        provider: "p".into(),
        upstream_model: "u".into(),
        stream: false,
        reserved: NanoUsd::new(9),
        started_at: 1,
        account: crate::Account::default(),
    }
}

fn opened(opened: &Opened) -> Vec<Entry> {
    vec![Entry::Opened(opened.call, serde_json::to_vec(opened).unwrap().into())]
}

fn ended(opened: &Opened) -> Settled {
    let zero = NanoUsd::ZERO;
    let pricing = Pricing::Unpriced;
    Settled {
        opened: opened.clone(),
        ending: Ending::Success,
        status: 200,
        error: None,
        usage: Observed::Nothing,
        charge: Charge {
            amount: NanoUsd::new(4),
            input: zero,
            cached: zero,
            output: zero,
            pricing,
        },
        first_byte_at: None,
        ended_at: 2,
        plugins: Vec::new(),
        service: crate::Service::default(),
    }
}

fn settled(opened: &Opened) -> Vec<Entry> {
    vec![Entry::Settled(Box::new(ended(opened)))]
}

fn row(place: Place, opened: &Opened) -> Charged {
    let amount = NanoUsd::new(4);
    Charged { place, call: opened.call, key_id: "key".into(), amount }
}

const SEGMENT: Uuid = Uuid::from_u128(1);

#[test]
fn a_call_counts_once_whichever_source_speaks_of_its_end() {
    let (told, mut book, call) = (Told::default(), Book::default(), call());
    let id = call.call;
    book.follow(SEGMENT, opened(&call), &told);
    assert_eq!(told.take(), [Held(id, 9)]);
    book.follow(SEGMENT, settled(&call), &told);
    book.follow(SEGMENT, settled(&call), &told);
    assert_eq!(told.take(), [Ended(id, 4)]);
    assert_eq!(book.unshipped("key"), NanoUsd::new(4));
    assert_eq!(book.unshipped("other"), NanoUsd::ZERO);
    book.apply(vec![row(1, &call), row(1, &call)], &told);
    assert_eq!((told.take(), book.unshipped("key")), (vec![], NanoUsd::ZERO));
    assert_eq!((book.calls(), book.place(), book.last_foreign()), (vec![], 1, 1));
}

#[test]
fn a_row_ends_a_call_whose_end_is_in_no_segment() {
    let (told, mut book, call, unseen) = (Told::default(), Book::default(), call(), call());
    book.follow(SEGMENT, opened(&call), &told);
    book.apply(vec![row(1, &call), row(2, &unseen)], &told);
    let expected = [Held(call.call, 9), Ended(call.call, 4), Ended(unseen.call, 4)];
    assert_eq!(told.take(), expected);
    // The same rows again, as two readers at once may bring them.
    book.apply(vec![row(1, &call), row(2, &unseen)], &told);
    assert_eq!((told.take(), book.calls()), (vec![], vec![]));
}

#[test]
fn own_rows_are_no_news_whether_they_are_read_back_or_not() {
    let (told, mut book, own, other) = (Told::default(), Book::default(), call(), call());
    let inserted = |before, after| Inserted { count: 1, before, after };
    // Nobody else's rows are between.
    book.shipping(&[ended(&own)]);
    book.shipped(&[ended(&own)], inserted(0, 1));
    assert_eq!((book.place(), book.last_foreign(), book.shipping.len()), (1, 0, 0));
    // Another's row came before; it is still to be read, and ours with it.
    book.shipping(&[ended(&own)]);
    book.shipped(&[ended(&own)], inserted(2, 3));
    assert_eq!((book.place(), book.shipping.len()), (1, 1));
    book.apply(vec![row(2, &other), row(3, &own)], &told);
    assert_eq!(told.take(), [Ended(other.call, 4)]);
    assert_eq!((book.place(), book.last_foreign(), book.shipping.len()), (3, 2, 0));
    // Read back before the shipper says that it is done, or after a commit whose answer was lost.
    book.shipping(&[ended(&own)]);
    book.apply(vec![row(4, &own)], &told);
    book.shipping(&[ended(&own)]);
    book.shipped(&[ended(&own)], inserted(4, 4));
    assert_eq!((told.take(), book.place(), book.shipping.len()), (vec![], 4, 0));
}

#[test]
fn what_has_a_row_before_the_beginning_is_forgotten() {
    let (told, mut book, open, shipped, fresh) =
        (Told::default(), Book::default(), call(), call(), call());
    book.begin(7);
    for call in [&open, &shipped, &fresh] {
        book.follow(SEGMENT, opened(call), &told);
    }
    book.follow(SEGMENT, settled(&shipped), &told);
    book.follow(SEGMENT, settled(&fresh), &told);
    told.take();
    book.forget_stored(&[open.call, shipped.call], &told);
    assert_eq!((told.take(), book.calls()), (vec![Released(open.call)], vec![fresh.call]));
    assert_eq!(book.unshipped("key"), NanoUsd::new(4));
    book.apply(vec![row(7, &shipped)], &told);
    assert_eq!((told.take(), book.place()), (vec![], 7));
}

#[test]
fn a_segment_that_is_gone_holds_nothing() {
    let (told, mut book, here, there) = (Told::default(), Book::default(), call(), call());
    book.follow(SEGMENT, opened(&here), &told);
    book.follow(Uuid::from_u128(2), opened(&there), &told);
    told.take();
    book.end_segment(SEGMENT, &told);
    assert_eq!((told.take(), book.calls()), (vec![Released(here.call)], vec![there.call]));
}
