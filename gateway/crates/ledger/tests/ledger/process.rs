//! A ledger with the counters of its process, as the gateway joins them.

use std::sync::Arc;

use tollgate_domain::{CallId, Claim, ClaimError, KeyHash, NanoUsd, key_budget};
use tollgate_ledger::{Budgets, JournalError, Ledger, LedgerSettings, NewKey, Opened, Settled};
use tollgate_limits::Limits;

use crate::fixture::{charge, key_hash, opened, settings, settled};
use crate::home::Home;

/// Limits as budgets.
pub(crate) struct Counted(pub(crate) Limits);

impl Budgets for Counted {
    fn seed(&self, key: KeyHash, spent: NanoUsd) {
        self.0.seed(&key_budget(&key.to_string()), spent);
    }

    fn hold(&self, call: CallId, key_id: &str, reserved: NanoUsd) {
        self.0.hold(call, &key_budget(key_id), reserved);
    }

    fn settle(&self, call: CallId, key_id: &str, amount: NanoUsd) {
        self.0.settle_held(call, &key_budget(key_id), amount);
    }

    fn release(&self, call: CallId) {
        self.0.cancel(call);
    }

    fn fits(&self, call: CallId) -> bool {
        self.0.fits(call)
    }
}

/// What a gateway has of both.
pub(crate) struct Process {
    pub(crate) ledger: Ledger,
    pub(crate) counted: Arc<Counted>,
}

impl Process {
    pub(crate) async fn start(settings: LedgerSettings) -> Self {
        let counted = Arc::new(Counted(Limits::new()));
        let budgets: Arc<dyn Budgets> = Arc::clone(&counted) as Arc<dyn Budgets>;
        let ledger = Ledger::open(LedgerSettings { budgets, ..settings }).await.unwrap();
        Self { ledger, counted }
    }

    /// One that knows the fixture's key.
    pub(crate) async fn with_key(home: &Home) -> Self {
        let process = Self::start(settings(home)).await;
        process.load(key_hash()).await;
        process
    }

    pub(crate) async fn load(&self, key: KeyHash) {
        assert!(self.ledger.keys().lookup(key).await.unwrap().is_some());
    }

    pub(crate) fn spent(&self, key: KeyHash) -> Option<u64> {
        self.counted.0.spent(&key_budget(&key.to_string())).map(NanoUsd::get)
    }

    /// Takes money from the budget, and no more than that.
    pub(crate) fn reserve(&self, key: KeyHash, amount: u64, ceiling: u64) -> Option<Opened> {
        let opened = Opened { key_id: key.to_string(), reserved: NanoUsd::new(amount), ..opened() };
        let claims = [Claim::Money {
            bucket: key_budget(&opened.key_id),
            amount: opened.reserved,
            ceiling: NanoUsd::new(ceiling),
        }];
        let reserved = self.counted.0.reserve(opened.call, &claims, 0);
        assert!(matches!(reserved, Ok(_) | Err(ClaimError::Exceeded(_))), "{reserved:?}");
        reserved.is_ok().then_some(opened)
    }

    /// Admits a call as the gateway does: what others have just settled is looked at before a
    /// refusal, and what they have just opened before the call is made.
    pub(crate) fn admit(&self, key: KeyHash, amount: u64, ceiling: u64) -> Option<Opened> {
        let opened = self.reserve(key, amount, ceiling).or_else(|| {
            self.ledger.neighbours().any().then(|| self.ledger.neighbours().look().unwrap())?;
            self.reserve(key, amount, ceiling)
        })?;
        let journalled = self.ledger.journal().opened(&opened);
        if journalled.is_err() {
            assert!(matches!(journalled, Err(JournalError::OverBudget)), "{journalled:?}");
            self.end(opened, 0);
            return None;
        }
        Some(opened)
    }

    /// How many of so many tries are admitted.
    pub(crate) fn admit_many(&self, tries: usize, amount: u64, ceiling: u64) -> Vec<Opened> {
        (0..tries).filter_map(|_| self.admit(key_hash(), amount, ceiling)).collect()
    }

    pub(crate) fn end(&self, opened: Opened, cost: u64) {
        let call = opened.call;
        let settled = Settled { charge: charge(cost), ..settled(opened) };
        self.ledger.journal().settled(&settled).unwrap();
        assert!(self.counted.0.settle(call, NanoUsd::new(cost)).is_none());
    }

    /// Has the process apply all that is in the store and in the journal now, by the one thing
    /// that does so at once: a key that it does not know yet.
    pub(crate) async fn catch_up(&self) {
        let text = CallId::generate().to_string();
        let key = KeyHash::of_key(&text);
        self.ledger.keys().create(NewKey::new(key, &text, "admin")).await.unwrap();
        self.load(key).await;
    }
}
