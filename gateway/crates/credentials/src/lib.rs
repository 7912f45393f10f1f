//! A deployment's credential made into what goes on the wire, at the moment of sending: signatures
//! of AWS's version 4, and access tokens of Google service accounts. [`Wallet`] has everything that
//! a deployment can identify itself with and writes it into requests.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use tollgate_credentials::{AwsKeys, AwsScope, Signable};
//!
//! let configured = |name: &str| match name {
//!     "aws_access_key_id" => Some("AKIDEXAMPLE".to_owned()),
//!     "aws_secret_access_key" => Some("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
//!     _ => None,
//! };
//! let keys = AwsKeys::find(&configured, &|_| None)?;
//! let scope = AwsScope { service: "bedrock", region: "us-east-1" };
//! let request = Signable {
//!     method: "POST",
//!     authority: "bedrock-runtime.us-east-1.amazonaws.com",
//!     target: "/model/amazon.nova-lite-v1%3A0/converse",
//!     headers: &[],
//!     body: b"{}",
//! };
//! let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
//! let headers = keys.sign(scope, &request, at)?;
//! assert_eq!(headers.first().map(|(name, _)| name.as_str()), Some("x-amz-date"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fetch;
mod google;
mod sigv4;
mod wallet;

pub use fetch::TokenFetch;
pub use google::{
    AccountError, Clock, FetchedAnswer, GoogleTokens, ServiceAccount, SystemClock, TokenEndpoint,
    TokenError,
};
pub use sigv4::{AwsKeys, AwsKeysError, AwsScope, Signable, SignatureError};
pub use wallet::{Addressed, PutError, Scheme, Sources, Wallet};
