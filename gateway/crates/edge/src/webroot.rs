//! Answers to authorities that an ACME client beside the gateway, such as certbot, leaves as files.
//!
//! Nothing else of the folder is shown: only regular files that lie directly below the path that
//! authorities ask for, under names that authorities give.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::OFlags;

/// Where clients leave answers, below the folder that they are told.
const CHALLENGES: &str = ".well-known/acme-challenge";

/// Authorities' tokens have 43 characters or a few more; no file name is longer than this.
const TOKEN_MAX: usize = 255;

/// An answer is a token, a dot and 43 characters.
const ANSWER_BYTES_MAX: u64 = 4096;

/// The answer for a token. None: there is none, or what is there is no answer.
pub(crate) async fn read(folder: Arc<Path>, token: &str) -> Option<Bytes> {
    if !is_token(token) {
        return None;
    }
    let path = folder.join(CHALLENGES).join(token);
    // The folder may be on another machine, and a wait for it must hold up nobody else.
    let answer = tokio::task::spawn_blocking(move || read_file(&path)).await;
    answer.ok().flatten()
}

/// Whether this is a token as RFC 8555 has them. No such name leads anywhere else.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=TOKEN_MAX).contains(&text.len()) && text.bytes().all(fits)
}

fn read_file(path: &Path) -> Option<Bytes> {
    // A link could lead to a key, and a pipe could be waited for.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).ok()?;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let is_regular = file.metadata().is_ok_and(|data| data.is_file());
    let mut answer = Vec::new();
    file.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut answer).ok()?;
    (is_regular && answer.len() as u64 <= ANSWER_BYTES_MAX).then(|| Bytes::from(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let challenges = root.path().join(CHALLENGES);
        std::fs::create_dir_all(challenges.join("folder")).unwrap();
        (root, challenges)
    }

    #[tokio::test]
    async fn what_a_client_left_is_read_and_what_it_took_away_is_not() {
        let (root, challenges) = folder();
        let root_path: Arc<Path> = root.path().into();
        std::fs::write(challenges.join("to-ken_1"), "to-ken_1.thumbprint").unwrap();
        let answer = read(Arc::clone(&root_path), "to-ken_1").await;
        assert_eq!(answer.as_deref(), Some(&b"to-ken_1.thumbprint"[..]));
        std::fs::remove_file(challenges.join("to-ken_1")).unwrap();
        assert_eq!(read(root_path, "to-ken_1").await, None);
    }

    #[tokio::test]
    async fn no_name_leads_out_of_the_folder_or_to_what_is_no_answer() {
        let (root, challenges) = folder();
        std::fs::write(root.path().join("secret"), "secret").unwrap();
        std::fs::write(challenges.join("folder/inner"), "secret").unwrap();
        std::fs::write(challenges.join(".hidden"), "secret").unwrap();
        std::fs::write(challenges.join("large"), vec![b'x'; 4097]).unwrap();
        std::os::unix::fs::symlink("../../secret", challenges.join("link")).unwrap();
        let pipe = challenges.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        let long = "x".repeat(TOKEN_MAX + 1);
        let names = [
            "",
            ".",
            "..",
            "../../secret",
            "..%2f..%2fsecret",
            "%2e%2e",
            "/etc/passwd",
            "folder/inner",
            "folder",
            ".hidden",
            "large",
            "link",
            "pipe",
            "a\0b",
            &long,
        ];
        for name in names {
            assert_eq!(read(root.path().into(), name).await, None, "{name}");
        }
    }
}
