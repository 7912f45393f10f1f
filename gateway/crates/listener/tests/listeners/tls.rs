//! What a handshake leads to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, NamedGroup};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tollgate_listener::{Certificates, PairFiles, Resumption, Tls, TlsSettings};

use crate::client::{AT_MOST, Client, GET, ask, connect, rest, secure};
use crate::server::{self, Settings, listener};

/// Signs certificates and keeps them in files.
pub(crate) struct Authority {
    pub(crate) dir: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { dir: tempfile::tempdir().unwrap(), issuer }
    }

    /// The authority's own certificate.
    pub(crate) fn file(&self) -> PathBuf {
        let file = self.dir.path().join("authority.crt");
        std::fs::write(&file, self.issuer.pem()).unwrap();
        file
    }

    pub(crate) fn signed(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// Files with a new certificate for a name. They are moved into place, key first.
    pub(crate) fn files(&self, name: &str) -> PairFiles {
        let (certificate, key) = self.signed(name);
        let path =
            |kind: &str| self.dir.path().join(format!("{}.{kind}", name.replace('*', "any")));
        let files = PairFiles { certificate: path("crt"), key: path("key") };
        for (file, text) in
            [(&files.key, key.serialize_pem()), (&files.certificate, certificate.pem())]
        {
            let new = file.with_extension("new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(&new, file).unwrap();
        }
        files
    }

    pub(crate) fn client(&self, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let (certificate, key) = self.signed(name);
        (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    pub(crate) fn settings(&self, names: &[&str]) -> TlsSettings {
        let files = names.iter().map(|name| self.files(name)).collect();
        let certificates = Certificates::load(files).unwrap();
        TlsSettings { certificates, http2: true, client_ca: None }
    }

    pub(crate) fn tls(&self, name: &str) -> Tls {
        Tls::new(&self.settings(&[name]), &Resumption::new(100).unwrap()).unwrap()
    }
}

fn secured(tls: Tls) -> server::Server {
    server::start(Settings::new(vec![listener("secure", Some(tls))]))
}

#[tokio::test]
async fn the_protocol_is_agreed_on() {
    let server = secured(Authority::new().tls("a.example"));
    for protocols in [&[][..], &["http/1.1"], &["http/1.1", "unknown"]] {
        let config = Client { protocols, ..Client::default() }.config();
        let mut client = secure(server.addresses[0], "a.example", &config).await.unwrap();
        let answer = ask(&mut client, GET.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("secure=true name=a.example certificate=0 at=secure"), "{answer}");
    }
    let config = Client { protocols: &["h2", "http/1.1"], ..Client::default() }.config();
    let client = secure(server.addresses[0], "a.example", &config).await.unwrap();
    assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) = h2::client::handshake(client).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..2 {
        let request = http::Request::get("https://a.example/two").body(()).unwrap();
        let (answer, _) = client.send_request(request, true).unwrap();
        let answer = tokio::time::timeout(AT_MOST, answer).await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        let mut body = Vec::new();
        let mut parts = answer.into_body();
        while let Some(part) = parts.data().await {
            body.extend_from_slice(&part.unwrap());
        }
        let body = String::from_utf8(body).unwrap();
        assert!(body.starts_with("GET /two body=0 client=127.0.0.1"), "{body}");
        assert!(body.contains("name=a.example"), "{body}");
    }
    assert_eq!(server.connections.open(), 1);
}

#[tokio::test]
async fn http2_is_not_offered_where_it_is_switched_off() {
    let authority = Authority::new();
    let settings = TlsSettings { http2: false, ..authority.settings(&["a.example"]) };
    let server = secured(Tls::new(&settings, &Resumption::new(100).unwrap()).unwrap());
    let config = Client { protocols: &["h2", "http/1.1"], ..Client::default() }.config();
    let client = secure(server.addresses[0], "a.example", &config).await.unwrap();
    assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn keys_are_agreed_on_with_the_hybrid_if_the_client_knows_it() {
    let server = secured(Authority::new().tls("a.example"));
    let all = tollgate_listener::provider();
    let classic = all.kx_groups[1..].to_vec();
    let mut without = all.clone();
    without.kx_groups = classic;
    for (provider, versions, group) in [
        (all.clone(), rustls::DEFAULT_VERSIONS.to_vec(), NamedGroup::X25519MLKEM768),
        (without, rustls::DEFAULT_VERSIONS.to_vec(), NamedGroup::X25519),
        (all, vec![&TLS12], NamedGroup::X25519),
    ] {
        let config = Client { provider, versions, ..Client::default() }.config();
        let client = secure(server.addresses[0], "a.example", &config).await.unwrap();
        let agreed = client.get_ref().1.negotiated_key_exchange_group().unwrap();
        assert_eq!(agreed.name(), group);
    }
}

#[tokio::test]
async fn the_name_chooses_the_certificate() {
    let authority = Authority::new();
    let settings = authority.settings(&["a.example", "*.b.example"]);
    let server = secured(Tls::new(&settings, &Resumption::new(100).unwrap()).unwrap());
    let config = Client::default().config();
    let mut served = Vec::new();
    for name in ["a.example", "x.b.example", "unknown.example", "127.0.0.1"] {
        let client = secure(server.addresses[0], name, &config).await.unwrap();
        let certificates = client.get_ref().1.peer_certificates().unwrap();
        served.push(certificates[0].clone());
    }
    assert_ne!(served[0], served[1]);
    assert_eq!(served[0], served[2]);
    assert_eq!(served[0], served[3]);
}

#[tokio::test]
async fn sessions_are_resumed_with_every_listener_that_shares_them() {
    let authority = Authority::new();
    let resumption = Resumption::new(100).unwrap();
    let settings = authority.settings(&["a.example"]);
    let tls = || Some(Tls::new(&settings, &resumption).unwrap());
    let server =
        server::start(Settings::new(vec![listener("one", tls()), listener("other", tls())]));
    for version in [&TLS12, &TLS13] {
        let config = Client { versions: vec![version], ..Client::default() }.config();
        for (address, kind) in [
            (server.addresses[0], HandshakeKind::Full),
            (server.addresses[0], HandshakeKind::Resumed),
            (server.addresses[1], HandshakeKind::Resumed),
        ] {
            let mut client = secure(address, "a.example", &config).await.unwrap();
            // Tickets come with the first bytes.
            assert!(ask(&mut client, GET.as_bytes()).await.starts_with("HTTP/1.1 200 "));
            assert_eq!(client.get_ref().1.handshake_kind(), Some(kind), "{version:?}");
        }
    }
}

#[tokio::test]
async fn clients_need_a_certificate_where_one_is_asked_for() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let resumption = Resumption::new(100).unwrap();
    let open = authority.settings(&["a.example"]);
    let closed = TlsSettings { client_ca: Some(authority.file()), ..open.clone() };
    let server = server::start(Settings::new(vec![
        listener("open", Some(Tls::new(&open, &resumption).unwrap())),
        listener("closed", Some(Tls::new(&closed, &resumption).unwrap())),
    ]));
    let (open, closed) = (server.addresses[0], server.addresses[1]);
    for version in [&TLS12, &TLS13] {
        let with = |certificate| {
            Client { versions: vec![version], certificate, ..Client::default() }.config()
        };
        let known = with(Some(authority.client("client.example")));
        let mut client = secure(closed, "a.example", &known).await.unwrap();
        let answer = ask(&mut client, GET.as_bytes()).await;
        assert!(answer.contains("at=closed") && !answer.contains("certificate=0"), "{answer}");
        let mut client = secure(closed, "a.example", &known).await.unwrap();
        let answer = ask(&mut client, GET.as_bytes()).await;
        assert_eq!(client.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
        assert!(!answer.contains("certificate=0"), "{answer}");
        let nobody = with(None);
        assert_refused(secure(closed, "a.example", &nobody).await).await;
        assert_refused(secure(closed, "a.example", &with(Some(stranger.client("x")))).await).await;
        // A session that began without a certificate is none that proves one.
        let mut client = secure(open, "a.example", &nobody).await.unwrap();
        assert!(ask(&mut client, GET.as_bytes()).await.contains("at=open"));
        assert_refused(secure(closed, "a.example", &nobody).await).await;
    }
    assert_eq!(server.connections.failed_handshakes(), 6);
}

/// With TLS 1.3 a client learns of its refusal only when it reads.
async fn assert_refused(
    connected: std::io::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>,
) {
    if let Ok(mut client) = connected {
        assert!(client.read(&mut [0; 1]).await.is_err());
    }
}

#[tokio::test]
async fn a_challenge_is_answered_with_its_certificate_and_nothing_else() {
    let authority = Authority::new();
    let settings = authority.settings(&["a.example"]);
    let challenges = Arc::clone(settings.certificates.challenges());
    let server = secured(Tls::new(&settings, &Resumption::new(100).unwrap()).unwrap());
    let (certificate, key) = authority.signed("new.example");
    let set =
        challenges.set("new.example", certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
    set.unwrap();
    let config = Client { protocols: &["acme-tls/1"], ..Client::default() }.config();
    let mut client = secure(server.addresses[0], "new.example", &config).await.unwrap();
    let session = client.get_ref().1;
    assert_eq!(session.alpn_protocol(), Some(&b"acme-tls/1"[..]));
    assert_eq!(session.peer_certificates().unwrap()[0], *certificate.der());
    assert_eq!(rest(&mut client).await, "");
    assert!(secure(server.addresses[0], "a.example", &config).await.is_err());
    // Who asks for no challenge sees none.
    let usual = Client::default().config();
    let client = secure(server.addresses[0], "new.example", &usual).await.unwrap();
    assert_ne!(client.get_ref().1.peer_certificates().unwrap()[0], *certificate.der());
    challenges.remove("new.example");
    assert!(secure(server.addresses[0], "new.example", &config).await.is_err());
}

#[tokio::test]
async fn a_handshake_has_its_time() {
    let mut settings =
        Settings::new(vec![listener("secure", Some(Authority::new().tls("a.example")))]);
    settings.handshake = Duration::from_millis(50);
    let server = server::start(settings);
    assert_eq!(rest(&mut connect(server.addresses[0]).await).await, "");
    assert_eq!(server.connections.failed_handshakes(), 1);
}

#[tokio::test]
async fn an_http2_client_has_time_to_begin_and_then_all_the_time() {
    let mut settings =
        Settings::new(vec![listener("secure", Some(Authority::new().tls("a.example")))]);
    settings.deadlines.head = Duration::from_millis(50);
    settings.handshake = Duration::from_millis(500);
    let server = server::start(settings);
    let config = Client { protocols: &["h2"], ..Client::default() }.config();
    for begun in [&b""[..], b"PRI * HTTP/2.0\r\n"] {
        let mut client = secure(server.addresses[0], "a.example", &config).await.unwrap();
        client.write_all(begun).await.unwrap();
        client.flush().await.unwrap();
        let mut bytes = Vec::new();
        // Pingora's own settings may have come before.
        let ended = tokio::time::timeout(AT_MOST, client.read_to_end(&mut bytes)).await;
        assert!(ended.is_ok(), "{begun:?}");
    }
    let client = secure(server.addresses[0], "a.example", &config).await.unwrap();
    let (mut client, connection) = h2::client::handshake(client).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://a.example/hold").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    // Longer than the deadline, if the ones before are anything to go by.
    assert_eq!(rest(&mut connect(server.addresses[0]).await).await, "");
    server.echo.release.add_permits(1);
    assert_eq!(tokio::time::timeout(AT_MOST, answer).await.unwrap().unwrap().status(), 200);
}

#[test]
fn unusable_authorities_are_refused() {
    let authority = Authority::new();
    let resumption = Resumption::new(100).unwrap();
    let noise = authority.dir.path().join("noise");
    std::fs::write(&noise, "no certificate").unwrap();
    for file in [noise, authority.dir.path().join("none")] {
        let settings = TlsSettings { client_ca: Some(file), ..authority.settings(&["a.example"]) };
        assert!(Tls::new(&settings, &resumption).is_err());
    }
}
