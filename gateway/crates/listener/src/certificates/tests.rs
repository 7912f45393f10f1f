use std::path::Path;
use std::time::Duration;

use rustls::SignatureScheme;

use super::*;

const SCHEMES: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256];

/// A certificate for these names, and its key, in PEM form.
fn made(names: &[&str]) -> (String, String) {
    let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn write(dir: &Path, name: &str, names: &[&str]) -> PairFiles {
    let (certificate, key) = made(names);
    let files = PairFiles {
        certificate: dir.join(format!("{name}.crt")),
        key: dir.join(format!("{name}.key")),
    };
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    files
}

/// The certificate that a client gets, to be compared.
fn served(certificates: &Certificates, name: Option<&str>) -> Vec<u8> {
    let key = certificates.table.load().find(name, SCHEMES).unwrap();
    key.end_entity_cert().unwrap().to_vec()
}

#[test]
fn names_choose_the_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let first = write(dir.path(), "first", &["first.example", "other.wild.example"]);
    let wild = write(dir.path(), "wild", &["*.Wild.example", "wild.example"]);
    let certificates = Certificates::load(vec![first, wild]).unwrap();
    let (first, wild) = (served(&certificates, None), served(&certificates, Some("wild.example")));
    assert_ne!(first, wild);
    for (name, expected) in [
        ("first.example", &first),
        ("unknown.example", &first),
        ("localhost", &first),
        ("other.wild.example", &first),
        ("a.wild.example", &wild),
        ("A.WILD.example", &wild),
        ("a.b.wild.example", &first),
    ] {
        assert_eq!(&served(&certificates, Some(name)), expected, "{name}");
    }
}

#[test]
fn keys_must_belong_to_their_certificate() {
    let (certificate, key) = made(&["one.example"]);
    let (_, other) = made(&["one.example"]);
    let (certificate, key, other) = (certificate.as_bytes(), key.as_bytes(), other.as_bytes());
    let fault = |certificate, key| Pair::parse(certificate, key).unwrap_err();
    assert_eq!(Pair::parse(certificate, key).unwrap().names, ["one.example"]);
    assert!(matches!(fault(certificate, other), PairFault::Mismatch));
    assert!(matches!(fault(key, key), PairFault::NoCertificate));
    assert!(matches!(fault(certificate, certificate), PairFault::NoKey));
    assert!(matches!(fault(b"-----BEGIN x", key), PairFault::NotPem(_) | PairFault::NoCertificate));
    let noise = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(fault(noise, key), PairFault::Names(_)));
}

#[test]
fn all_kinds_of_keys_are_read() {
    for (certificate, key) in [
        (include_str!("../../tests/keys/rsa.crt"), include_str!("../../tests/keys/rsa.key")),
        (include_str!("../../tests/keys/rsa.crt"), include_str!("../../tests/keys/rsa-pkcs1.key")),
        (include_str!("../../tests/keys/ec.crt"), include_str!("../../tests/keys/ec.key")),
        (include_str!("../../tests/keys/ec.crt"), include_str!("../../tests/keys/ec-sec1.key")),
    ] {
        let pair = Pair::parse(certificate.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(pair.names, ["kinds.example"]);
    }
}

#[test]
fn a_client_gets_the_key_that_it_can_verify() {
    let dir = tempfile::tempdir().unwrap();
    let files = |kind: &str| {
        let from = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys"));
        let files = PairFiles {
            certificate: dir.path().join(format!("{kind}.crt")),
            key: dir.path().join(format!("{kind}.key")),
        };
        std::fs::copy(from.join(format!("{kind}.crt")), &files.certificate).unwrap();
        std::fs::copy(from.join(format!("{kind}.key")), &files.key).unwrap();
        files
    };
    let certificates = Certificates::load(vec![files("rsa"), files("ec")]).unwrap();
    let find = |schemes: &[SignatureScheme]| {
        let key = certificates.table.load().find(Some("kinds.example"), schemes).unwrap();
        key.key.algorithm()
    };
    assert_eq!(find(&[SignatureScheme::RSA_PSS_SHA256]), rustls::SignatureAlgorithm::RSA);
    assert_eq!(find(SCHEMES), rustls::SignatureAlgorithm::ECDSA);
}

#[test]
fn a_renewed_pair_takes_effect_when_both_files_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), "site", &["site.example"]);
    let certificates = Certificates::load(vec![files.clone()]).unwrap();
    let before = served(&certificates, None);
    let now = Instant::now();
    assert!(certificates.check(now).is_empty());
    let (certificate, key) = made(&["site.example"]);
    std::fs::write(&files.certificate, certificate).unwrap();
    assert!(certificates.check(now).is_empty());
    assert_eq!(served(&certificates, None), before);
    std::fs::write(&files.key, key).unwrap();
    let events = certificates.check(now + Duration::from_secs(4));
    assert!(matches!(&events[..], [Event::Loaded(loaded)] if *loaded == files));
    assert_ne!(served(&certificates, None), before);
    assert!(certificates.check(now + Duration::from_secs(60)).is_empty());
}

#[test]
fn a_broken_pair_keeps_the_old_one_and_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), "site", &["site.example"]);
    let certificates = Certificates::load(vec![files.clone()]).unwrap();
    let before = served(&certificates, None);
    let now = Instant::now();
    std::fs::write(&files.certificate, "nothing of use").unwrap();
    assert!(certificates.check(now).is_empty());
    assert!(certificates.check(now + Duration::from_secs(4)).is_empty());
    let events = certificates.check(now + Duration::from_secs(5));
    let [Event::Kept(error)] = &events[..] else { panic!("{events:?}") };
    assert!(error.to_string().contains("site.crt"), "{error}");
    assert!(matches!(error.fault, PairFault::NoCertificate));
    assert!(certificates.check(now + Duration::from_secs(60)).is_empty());
    // Another change is another matter.
    std::fs::remove_file(&files.key).unwrap();
    assert!(certificates.check(now + Duration::from_secs(61)).is_empty());
    let events = certificates.check(now + Duration::from_secs(66));
    assert!(matches!(&events[..], [Event::Kept(_)]), "{events:?}");
    assert_eq!(served(&certificates, None), before);
    // And a pair that is in order ends it.
    write(dir.path(), "site", &["site.example"]);
    let events = certificates.check(now + Duration::from_secs(67));
    assert!(matches!(&events[..], [Event::Loaded(_)]), "{events:?}");
}

#[test]
fn pairs_can_be_added_while_others_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let certificates = Certificates::load(Vec::new()).unwrap();
    assert!(certificates.table.load().find(None, SCHEMES).is_none());
    let files = write(dir.path(), "one", &["one.example"]);
    certificates.add(files.clone()).unwrap();
    let one = served(&certificates, Some("one.example"));
    certificates.add(write(dir.path(), "two", &["two.example"])).unwrap();
    assert_ne!(served(&certificates, Some("two.example")), one);
    assert_eq!(served(&certificates, None), one);
    write(dir.path(), "one", &["one.example"]);
    certificates.add(files).unwrap();
    assert_ne!(served(&certificates, None), one);
    assert_eq!(certificates.watched.lock().len(), 2);
}

#[test]
fn all_pairs_are_replaced_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let certificates =
        Certificates::load(vec![write(dir.path(), "one", &["one.example"])]).unwrap();
    let one = served(&certificates, None);
    let broken = write(dir.path(), "broken", &["broken.example"]);
    std::fs::write(&broken.key, "").unwrap();
    let two = write(dir.path(), "two", &["two.example"]);
    let error = certificates.replace(vec![two.clone(), broken]).unwrap_err();
    assert!(matches!(error.fault, PairFault::NoKey));
    assert_eq!(served(&certificates, Some("two.example")), one);
    certificates.replace(vec![two]).unwrap();
    assert_ne!(served(&certificates, Some("one.example")), one);
}
