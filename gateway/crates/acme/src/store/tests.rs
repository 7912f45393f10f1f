use std::time::Duration;

use super::*;
use crate::certificate::tests::made;

fn store(folder: &Path) -> Store {
    let domains = vec!["a.example".to_owned()];
    let directory = "https://ca.example/dir".to_owned();
    Store::open(&AcmeSettings::new(directory, domains, folder.to_owned())).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_certificate_comes_back_as_it_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(store.certificate().unwrap(), None);
    let certificate = made(0, 86_400);
    store.put_certificate(&certificate).unwrap();
    assert_eq!(store.certificate().unwrap(), Some(certificate));
}

#[test]
fn only_this_user_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("acme");
    std::fs::create_dir(&root).unwrap();
    std::fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
    let store = store(folder.path());
    // A file that a dead process left, readable by everybody, lends its mode to nobody.
    let left = folder.path().join(store.certificate.with_extension("pem.new"));
    std::fs::write(&left, "half").unwrap();
    store.put_certificate(&made(0, 86_400)).unwrap();
    store.put_attempts(Attempts::default()).unwrap();
    assert_eq!((mode(&store.certificate), mode(&store.attempts)), (0o600, 0o600));
    for within in [&root, store.certificate.parent().unwrap(), store.account.parent().unwrap()] {
        assert_eq!(mode(within), 0o700, "{}", within.display());
    }
    assert!(!left.exists());
}

#[test]
fn readers_see_one_certificate_or_the_other_while_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let both = [made(0, 86_400), made(0, 86_400 * 2)];
    store.put_certificate(&both[0]).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..200 {
                store.put_certificate(&both[round % 2]).unwrap();
            }
        });
        while !writer.is_finished() {
            let seen = store.certificate().unwrap().unwrap();
            assert!(both.contains(&seen));
        }
    });
}

#[test]
fn any_changed_byte_is_noticed_and_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    store.put_certificate(&made(0, 86_400)).unwrap();
    let whole = std::fs::read(&store.certificate).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&store.certificate, &bytes).unwrap();
        let damaged = store.certificate().unwrap_err().to_string();
        assert!(damaged.starts_with(&store.certificate.display().to_string()), "{damaged}");
        assert!(!damaged.contains("PRIVATE"), "{damaged}");
    }
    for length in 0..whole.len() {
        std::fs::write(&store.certificate, &whole[..length]).unwrap();
        assert!(matches!(store.certificate(), Err(AcmeError::Damaged { .. })), "{length}");
    }
}

#[test]
fn what_is_damaged_is_set_aside_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    std::fs::write(&store.account, "{\"id\": 3}").unwrap();
    assert!(store.account().is_err());
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(77);
    let aside = set_aside(&store.account, now).unwrap();
    assert!(store.account().unwrap().is_none());
    assert!(aside.to_string_lossy().ends_with(".json.set-aside-77"));
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "{\"id\": 3}");
    // Another process was quicker.
    set_aside(&store.account, now).unwrap();
}

#[test]
fn attempts_are_kept_until_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let begun = Attempts::default().begin(SystemTime::UNIX_EPOCH, 0.0);
    store.put_attempts(begun).unwrap();
    assert_eq!(store.attempts().unwrap(), begun);
    store.forget_attempts().unwrap();
    store.forget_attempts().unwrap();
    assert_eq!(store.attempts().unwrap(), Attempts::default());
    std::fs::write(&store.attempts, "[]").unwrap();
    assert!(store.attempts().is_err());
}
