//! nginx files, what becomes of them and what is told of them.
//!
//! `BLESS=1 cargo test -p tollgate-import` writes the expected texts anew: `.yaml` and `.notes`, or
//! `.err` for a file that is broken. A name that ends in `litellm_here` has that option.

#![cfg(test)]

mod overlay;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use overlay::{Overlay, reads_as_yaml};
use tollgate_import::{Broken, Disk, Imported, Options, Source, import};

const FOLDER: &str = "tests/cases";

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "conf")).collect();
    cases.sort();
    assert!(cases.len() >= 10, "{cases:?}");
    cases
}

fn options(case: &Path) -> Options {
    let name = case.file_stem().unwrap().to_str().unwrap();
    Options { litellm_here: name.ends_with("litellm_here") }
}

fn text(text: &str) -> Result<Imported, Broken> {
    let source = Overlay { file: PathBuf::from("t.conf"), bytes: text.as_bytes().to_vec() };
    import(&source, &source.file, Options::default())
}

fn yaml_and_notes(server: &str) -> (String, String) {
    let imported = text(server).unwrap_or_else(|broken| panic!("{broken}: {server}"));
    let notes = imported.notes.iter().map(|note| format!("{note}\n")).collect();
    (imported.yaml, notes)
}

#[test]
fn every_case_becomes_what_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let (mut yaml, mut notes, mut err) = (None, None, None);
        match import(&Disk, &case, options(&case)) {
            Ok(imported) => {
                assert!(reads_as_yaml(&imported.yaml), "{}:\n{}", case.display(), imported.yaml);
                let told = imported.notes.iter().map(|note| format!("{note}\n"));
                notes = Some(told.collect::<String>().replace("tests/cases/", ""));
                yaml = Some(imported.yaml);
            }
            Err(broken) => err = Some(format!("{broken}\n").replace("tests/cases/", "")),
        }
        for (extension, text) in [("yaml", yaml), ("notes", notes), ("err", err)] {
            let path = case.with_extension(extension);
            if bless {
                let _absent = std::fs::remove_file(&path);
                if let Some(text) = &text {
                    std::fs::write(&path, text).unwrap();
                }
            }
            if std::fs::read_to_string(&path).ok() != text {
                wrong.push(format!("{}:\n{}", path.display(), text.unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guides_file_leaves_nothing_out() {
    let imported =
        import(&Disk, &Path::new(FOLDER).join("guide.conf"), Options::default()).unwrap();
    assert!(imported.notes.is_empty(), "{:#?}", imported.notes);
}

#[test]
fn no_value_that_may_be_secret_is_told() {
    let imported = import(&Disk, &Path::new(FOLDER).join("many.conf"), Options::default()).unwrap();
    let told: String = imported.notes.iter().map(ToString::to_string).collect();
    assert!(told.contains("X-Api-Key") && !told.contains("sk-not"), "{told}");
}

#[test]
fn a_location_that_nginx_protects_is_never_public() {
    for protection in [
        "auth_basic x;",
        "auth_request /check;",
        "allow 10.0.0.0/8; deny all;",
        "internal;",
        "limit_except GET { deny all; }",
        "if ($http_x_secret != s) { return 403; }",
    ] {
        let inside =
            format!("server {{ listen 80; location / {{ {protection} proxy_pass http://h; }} }}");
        let outside =
            format!("server {{ listen 80; {protection} location / {{ proxy_pass http://h; }} }}");
        let is_own = ["internal", "limit_except"].iter().any(|own| protection.starts_with(own));
        for server in [inside].into_iter().chain((!is_own).then_some(outside)) {
            let (yaml, _) = yaml_and_notes(&server);
            assert!(yaml.contains("to: http://h") && !yaml.contains("public"), "{server}\n{yaml}");
        }
    }
    let (yaml, _) = yaml_and_notes(
        "server { listen 80; auth_basic x; location / { auth_basic off; proxy_pass http://h; } }",
    );
    assert!(yaml.contains("public: true"), "{yaml}");
}

#[test]
fn what_nginx_closes_is_not_opened_by_the_route_above_it() {
    let (yaml, notes) = yaml_and_notes(
        "server { listen 80; location / { proxy_pass http://h; } location /x { return 403; } }",
    );
    let closed = yaml.split("- path: /x").nth(1).unwrap();
    assert!(closed.contains("to: http://h") && !closed.contains("public"), "{yaml}");
    assert!(notes.contains("asks for a key"), "{notes}");
    for server in [
        "server { listen 80; return 503; location / { proxy_pass http://h; } }",
        "server { listen 80; location / { return 403; proxy_pass http://h; } }",
    ] {
        let (yaml, notes) = yaml_and_notes(server);
        assert!(!yaml.contains("to:") && notes.contains("not taken over"), "{yaml}{notes}");
    }
}

#[test]
fn redirects_elsewhere_are_not_taken_for_redirects_to_https() {
    for redirect in [
        "return 301 https://www.example.com$request_uri;",
        "return 301 http://$host$request_uri;",
        "return 301 https://$host/login;",
        "rewrite ^/old/(.*)$ https://$host/$1 permanent;",
        "rewrite ^ https://$host$request_uri? last;",
        "return 404;",
    ] {
        let (yaml, notes) =
            yaml_and_notes(&format!("server {{ listen 80; server_name a.b; {redirect} }}"));
        assert!(!yaml.contains("redirect_to_https"), "{redirect}\n{yaml}");
        assert!(notes.contains("not taken over"), "{redirect}\n{notes}");
    }
    for redirect in [
        "return 301 https://$host$request_uri;",
        "return 301 https://$server_name$request_uri;",
        "return 301 https://a.b$request_uri;",
        "rewrite ^/(.*)$ https://$host/$1 permanent;",
        "rewrite ^ https://$host$request_uri? permanent;",
        "location / { return 301 https://$host$request_uri; }",
    ] {
        let (yaml, notes) =
            yaml_and_notes(&format!("server {{ listen 80; server_name a.b; {redirect} }}"));
        assert!(
            yaml.contains("redirect_to_https: true") && notes.is_empty(),
            "{redirect}\n{notes}"
        );
    }
}

#[test]
fn every_prefix_of_a_case_ends_in_an_answer() {
    for case in cases() {
        let bytes = std::fs::read(&case).unwrap();
        for end in 0..bytes.len() {
            answers(&case, bytes[..end].to_vec());
        }
    }
}

#[test]
fn changed_bytes_end_in_an_answer() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    let marks = b"{};\"'\\#$ \n*~=/:.\0\xff";
    for case in cases() {
        let original = std::fs::read(&case).unwrap();
        for _ in 0..2000 {
            let mut bytes = original.clone();
            for _ in 0..=next(6) {
                let at = next(bytes.len());
                match next(4) {
                    0 => bytes[at] = marks[next(marks.len())],
                    1 => bytes.insert(at, marks[next(marks.len())]),
                    2 => drop(bytes.splice(at..bytes.len().min(at + next(40)), [])),
                    _ => bytes.extend_from_within(at..),
                }
                bytes.push(b'\n');
            }
            answers(&case, bytes);
        }
    }
}

/// Whatever the bytes are, the answer is a broken place or YAML that can be read.
fn answers(case: &Path, bytes: Vec<u8>) {
    let source = Overlay { file: case.to_path_buf(), bytes };
    match import(&source, case, options(case)) {
        Ok(imported) => {
            let shown = || String::from_utf8_lossy(&source.bytes).into_owned();
            assert!(reads_as_yaml(&imported.yaml), "{}\n{}", shown(), imported.yaml);
            for note in &imported.notes {
                assert!(!note.to_string().contains(char::is_control), "{note:?}");
            }
        }
        Err(broken) => assert!(broken.to_string().contains("expected"), "{broken}"),
    }
}

#[test]
fn sizes_are_bounded() {
    let large = text(&"#".repeat((1 << 20) + 1)).unwrap_err();
    assert!(matches!(large, Broken::TooLarge { .. }), "{large}");
    let deep = text(&"a {".repeat(100_000)).unwrap_err();
    assert!(deep.to_string().contains("at most"), "{deep}");
}

#[test]
fn a_large_file_of_small_parts_takes_no_unreasonable_time() {
    for part in [
        "location /N { proxy_pass http://h; }",
        "location /N { add_header X-N N; proxy_hide_header Y-N; proxy_pass http://h; }",
        "location /N { return 403; }",
        "listen N;",
        "unknown_N;",
        "} server { server_name N.b; location / { proxy_pass http://h; }",
        "} server { listen N; server_name N.b; location / { proxy_pass http://h; }",
        "} upstream N { server h;",
        "set $aN b;",
    ] {
        let parts = (1..).map(|n: usize| part.replace('N', &n.to_string()));
        let mut server = "server { listen 80; location / { proxy_pass http://h; } ".to_owned();
        for part in parts {
            if server.len() + part.len() > (1 << 20) - 10 {
                break;
            }
            server.push_str(&part);
        }
        server.push('}');
        let began = Instant::now();
        assert!(reads_as_yaml(&yaml_and_notes(&server).0));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(30), "{part}: {took:?}");
    }
}

#[test]
fn the_deepest_nesting_in_the_deepest_includes_is_survived() {
    struct Deep;
    impl Source for Deep {
        fn read(&self, _: &Path) -> std::io::Result<Vec<u8>> {
            let open = "location / {".repeat(30);
            let close = "}".repeat(30);
            let pass = "proxy_pass http://h; include a/x;";
            Ok(format!("server {{ listen 80; {open} {pass} {close} }}").into_bytes())
        }
        fn list(&self, _: &Path) -> std::io::Result<Vec<PathBuf>> {
            Ok(Vec::new())
        }
    }
    let imported = import(&Deep, Path::new("x"), Options::default()).unwrap();
    assert!(imported.yaml.contains("to: http://h"), "{}", imported.yaml);
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    /// Every file there can be, each including three more; counts how often it is read.
    #[derive(Default)]
    struct Endless(Cell<usize>);
    impl Source for Endless {
        fn read(&self, _: &Path) -> std::io::Result<Vec<u8>> {
            self.0.set(self.0.get() + 1);
            Ok(b"include a/x; include b/x; include c/x; server { listen 80; }".to_vec())
        }
        fn list(&self, _: &Path) -> std::io::Result<Vec<PathBuf>> {
            Ok(Vec::new())
        }
    }
    let source = Endless::default();
    let imported = import(&source, Path::new("x"), Options::default()).unwrap();
    assert!((1000..10_000).contains(&source.0.get()), "{}", source.0.get());
    let told: String = imported.notes.iter().map(ToString::to_string).collect();
    assert!(told.contains("more than 10 deep"), "{told}");
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_reason() {
    let broken = import(&Disk, Path::new("tests/cases/none"), Options::default()).unwrap_err();
    assert!(matches!(broken, Broken::Unreadable { .. }));
    assert!(broken.to_string().starts_with("tests/cases/none: cannot be read: "), "{broken}");
}
