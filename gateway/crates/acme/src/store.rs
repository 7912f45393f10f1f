//! What is on disk, readable by this user only, and replaced in one step.
//!
//! ```text
//! <data>/acme/accounts/<ca>-<hash>.json              the account's key and address
//! <data>/acme/certificates/<domain>-<hash>/
//!     certificate.pem                                digest, private key, chain: one file, so that
//!                                                    no reader ever sees a key of another chain
//!     attempts.json                                  when the CA may be asked again
//! <data>/acme/challenges/                            answers to the CA, while an order runs
//! <data>/acme/locks/                                 who is ordering
//! ```

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use instant_acme::AccountCredentials;
use sha2::{Digest, Sha256};

use crate::attempts::Attempts;
use crate::certificate::Certificate;
use crate::error::AcmeError;
use crate::settings::AcmeSettings;

/// No file here is nearly as long.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The word before the digest, which stands before everything else in a certificate's file.
const DIGEST_WORD: &str = "sha256 ";

/// The files of one certificate.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    account: PathBuf,
    certificate: PathBuf,
    attempts: PathBuf,
}

impl Store {
    /// Makes the folders. Their modes are set even if they were there.
    pub(crate) fn open(settings: &AcmeSettings) -> Result<Self, AcmeError> {
        let root = settings.data_dir.join("acme");
        let accounts = root.join("accounts");
        let certificates = root.join("certificates");
        let own = certificates.join(settings.certificate_name());
        for folder in [&root, &accounts, &certificates, &own] {
            make_folder(folder)?;
        }
        Ok(Self {
            account: accounts.join(format!("{}.json", settings.account_name())),
            certificate: own.join("certificate.pem"),
            attempts: own.join("attempts.json"),
        })
    }

    /// The certificate, if there is one.
    pub(crate) fn certificate(&self) -> Result<Option<Certificate>, AcmeError> {
        let Some(text) = read(&self.certificate)? else { return Ok(None) };
        let parsed = parse_certificate(&text);
        parsed.map(Some).map_err(|why| AcmeError::damaged(&self.certificate, why))
    }

    /// Puts a certificate in the place of the one before.
    pub(crate) fn put_certificate(&self, certificate: &Certificate) -> Result<(), AcmeError> {
        let body = format!("{}{}", certificate.key_pem(), certificate.chain_pem());
        let text = format!("{DIGEST_WORD}{}\n{body}", digest(&body));
        replace(&self.certificate, text.as_bytes())
    }

    /// The account at this CA, if there is one.
    pub(crate) fn account(&self) -> Result<Option<AccountCredentials>, AcmeError> {
        let Some(text) = read(&self.account)? else { return Ok(None) };
        // What was read is not repeated: it is the account's key.
        let parsed = serde_json::from_str(&text);
        parsed.map(Some).map_err(|_| AcmeError::damaged(&self.account, "it is no account"))
    }

    /// Keeps the account at this CA.
    pub(crate) fn put_account(&self, account: &AccountCredentials) -> Result<(), AcmeError> {
        let text = serde_json::to_vec(account);
        let text = text.map_err(|e| AcmeError::file(&self.account)(e.into()))?;
        replace(&self.account, &text)
    }

    /// The account's file: damaged, or of an account that the CA does not know.
    pub(crate) fn account_path(&self) -> &Path {
        &self.account
    }

    /// The attempts since the last success. A damaged file counts as none, since it says nothing.
    pub(crate) fn attempts(&self) -> Result<Attempts, AcmeError> {
        let Some(text) = read(&self.attempts)? else { return Ok(Attempts::default()) };
        let parsed = serde_json::from_str(&text);
        parsed.map_err(|e| AcmeError::damaged(&self.attempts, e))
    }

    /// Writes down an attempt.
    pub(crate) fn put_attempts(&self, attempts: Attempts) -> Result<(), AcmeError> {
        let text = serde_json::to_vec(&attempts);
        let text = text.map_err(|e| AcmeError::file(&self.attempts)(e.into()))?;
        replace(&self.attempts, &text)
    }

    /// The last attempt succeeded.
    pub(crate) fn forget_attempts(&self) -> Result<(), AcmeError> {
        match std::fs::remove_file(&self.attempts) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(AcmeError::file(&self.attempts)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Moves a file out of the way, so that it is not read again and can be looked at.
pub(crate) fn set_aside(path: &Path, now: SystemTime) -> Result<PathBuf, AcmeError> {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".set-aside-{seconds}"));
    let aside = PathBuf::from(aside);
    match std::fs::rename(path, &aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(AcmeError::file(path)(error)),
        _ => Ok(aside),
    }
}

/// Makes a folder for this user only.
pub(crate) fn make_folder(folder: &Path) -> Result<(), AcmeError> {
    let failed = AcmeError::file(folder);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(&failed)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)
}

fn parse_certificate(text: &str) -> Result<Certificate, String> {
    let (first, body) = text.split_once('\n').ok_or("it is cut off")?;
    let written = first.strip_prefix(DIGEST_WORD).ok_or("its first line is no digest")?;
    if written != digest(body) {
        return Err("its digest is another".to_owned());
    }
    let at = body.find("-----BEGIN CERTIFICATE-----").ok_or("it holds no certificate")?;
    let (key, chain) = body.split_at_checked(at).ok_or("it holds no certificate")?;
    Certificate::new(chain.to_owned(), key.to_owned())
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a file, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, AcmeError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(AcmeError::file(path)(error)),
    };
    let mut text = String::new();
    match file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(AcmeError::damaged(path, "it is no text"))
        }
        Err(error) => Err(AcmeError::file(path)(error)),
    }
}

/// Writes beside the file, waits for the disk, then takes its name. Whoever writes holds the lock,
/// so that a file left beside it is one of a process that died.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), AcmeError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = write_new(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(AcmeError::file(path))?;
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(AcmeError::file(folder))
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
