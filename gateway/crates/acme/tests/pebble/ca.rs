//! Pebble and the name server that it asks, on ports of their own, ended with the test.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// How long pebble may take to listen.
const START_MAX: Duration = Duration::from_secs(20);

/// How often a port is tried in that time.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Linux gives ports from 32768 on to whoever asks for any.
const PORT_MIN: u16 = 10_000;
const PORTS: u32 = 20_000;

/// Two processes of tests seldom begin at the same one, and look before they take it.
static NEXT_PORT: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(97) % PORTS));

/// Where a CA listens, where it looks for sites and what it trusts: the same for the next one.
pub(crate) struct Place {
    folder: TempDir,
    acme: u16,
    management: u16,
    dns: u16,
    dns_management: u16,
    /// Ports of the sites.
    http: u16,
    tls: u16,
}

/// A CA that runs.
pub(crate) struct Pebble {
    children: [Child; 2],
    log: Arc<Mutex<Vec<String>>>,
}

impl Place {
    /// Makes up ports, and a certificate for the directory itself.
    pub(crate) fn new(http: u16, tls: u16) -> Self {
        let [acme, management, dns, dns_management] = free_ports();
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder, acme, management, dns, dns_management, http, tls };
        place.write_certificates();
        place.write_config();
        place
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.acme)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.acme).into()
    }

    pub(crate) fn root_certificate(&self) -> PathBuf {
        self.file("ca.crt")
    }

    /// Starts the CA; it refuses as many of a hundred nonces for no reason.
    pub(crate) fn start(&self, nonces_refused: u32) -> Pebble {
        let dns = format!("127.0.0.1:{}", self.dns);
        let mut names = Command::new("pebble-challtestsrv");
        names.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        names.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", &dns]);
        names.args(["-management", &format!("127.0.0.1:{}", self.dns_management)]);
        let mut pebble = Command::new("pebble");
        pebble.arg("-config").arg(self.file("pebble.json")).args(["-dnsserver", &dns]);
        pebble.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_AUTHZREUSE", "0");
        pebble.env("PEBBLE_WFE_NONCEREJECT", nonces_refused.to_string());
        let names = spawn(&mut names);
        let mut pebble = spawn(&mut pebble);
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, kept) = (pebble.stdout.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let started = Pebble { children: [names, pebble], log };
        for port in [self.dns_management, self.acme] {
            listens(port, &started);
        }
        started
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_certificates(&self) {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = server.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        std::fs::write(self.root_certificate(), ca_pem).unwrap();
        std::fs::write(self.file("server.crt"), server.pem()).unwrap();
        std::fs::write(self.file("server.key"), key.serialize_pem()).unwrap();
    }

    fn write_config(&self) {
        let path = |path: &Path| path.display().to_string();
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.acme),
            "managementListenAddress": format!("127.0.0.1:{}", self.management),
            "certificate": path(&self.file("server.crt")),
            "privateKey": path(&self.file("server.key")),
            "httpPort": self.http,
            "tlsPort": self.tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        std::fs::write(self.file("pebble.json"), config.to_string()).unwrap();
    }
}

impl Pebble {
    /// How many orders, or other requests for a path, it got.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|line| line.contains(path)).count()
    }

    fn told(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn spawn(command: &mut Command) -> Child {
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    started.unwrap_or_else(|error| {
        let name = command.get_program().display();
        panic!("{name} does not start ({error}); `ops/setup.sh --test` installs it")
    })
}

/// Waits until somebody listens on a port.
fn listens(port: u16, pebble: &Pebble) {
    let since = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(since.elapsed() < START_MAX, "nobody listens on {port}:\n{}", pebble.told());
        std::thread::sleep(TRY_AGAIN);
    }
}

/// Ports that were free a moment ago, and that the kernel gives to nobody by itself: between here
/// and pebble's start, every connection of the other tests takes one.
fn free_ports<const N: usize>() -> [u16; N] {
    [(); N].map(|()| {
        loop {
            let next = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
            let port = PORT_MIN + u16::try_from(next % PORTS).unwrap();
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return port;
            }
        }
    })
}
