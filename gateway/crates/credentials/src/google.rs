//! Access tokens of Google service accounts: a signed assertion is exchanged for a token, which
//! serves until shortly before it expires.

mod account;
mod assertion;
mod clock;
mod endpoint;
mod slot;
mod tokens;

pub use account::{AccountError, ServiceAccount};
pub use clock::{Clock, SystemClock};
pub use endpoint::{FetchedAnswer, TokenEndpoint, TokenError};
pub use tokens::GoogleTokens;

#[cfg(test)]
mod tests;
