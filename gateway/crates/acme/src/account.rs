//! The account at the CA: found on disk, or made and kept.

use instant_acme::{Account, AccountCredentials, NewAccount};

use crate::client::CaClient;
use crate::error::AcmeError;
use crate::nonce::persist;
use crate::settings::AcmeSettings;

/// Takes up an account whose key was kept.
pub(crate) async fn resume(
    client: &CaClient,
    credentials: AccountCredentials,
) -> Result<Account, AcmeError> {
    let builder = Account::builder_with_http(Box::new(client.clone()));
    let resumed = builder.from_credentials(credentials).await;
    resumed.map_err(|e| AcmeError::ca("the CA's directory", &e))
}

/// Makes an account, agreeing to the CA's terms.
pub(crate) async fn create(
    client: &CaClient,
    settings: &AcmeSettings,
) -> Result<(Account, AccountCredentials), AcmeError> {
    let contact = settings.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let wanted = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let made = persist!({
        let builder = Account::builder_with_http(Box::new(client.clone()));
        builder.create(&wanted, settings.directory.clone(), None)
    });
    made.map_err(|e| AcmeError::ca("a new account", &e))
}
