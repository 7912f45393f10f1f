//! Certificates from an ACME CA (RFC 8555): issued, kept on disk, renewed in time.
//!
//! [`Acme::start`] runs one task for one certificate. It first hands over the certificate that
//! it finds on disk, orders one if there is none or the time to renew has come, and hands over
//! each new one. Whoever listens on ports 80 and 443 asks [`Challenges`] for the answers to the
//! CA's questions.
//!
//! | file | what it does |
//! |---|---|
//! | `settings` | what is wanted, checked before anything starts |
//! | `task` | the loop: read, decide, order or wait |
//! | `schedule` | when to renew: a part of the life, or the CA's own suggestion (RFC 9773) |
//! | `attempts` | when a failing CA may be asked again |
//! | `order` | one order with the CA, from account to chain |
//! | `store` | what is on disk, and how it is replaced in one step |
//! | `challenges`, `published` | what the CA is answered, by this process or another |
//! | `lock` | one order at a time among processes |

#![forbid(unsafe_code)]

mod account;
mod attempts;
mod certificate;
mod challenges;
mod client;
mod clock;
mod error;
mod handle;
mod lock;
mod nonce;
mod order;
mod published;
mod renewal;
mod roots;
mod schedule;
mod settings;
mod store;
mod task;
mod tls_alpn;

pub use certificate::Certificate;
pub use challenges::{Challenges, TlsAnswer};
pub use clock::{Clock, SystemClock, Wait};
pub use error::AcmeError;
pub use handle::{Acme, AcmeState, Surroundings};
pub use lock::{FileLock, Held, Lock};
pub use settings::{AcmeSettings, ChallengeKind};
