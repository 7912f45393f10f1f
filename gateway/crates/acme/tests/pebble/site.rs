//! A data directory, an edge, and what was handed over to it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tollgate_acme::{
    Acme, AcmeSettings, AcmeState, Certificate, ChallengeKind, Challenges, Clock, FileLock,
    Surroundings, SystemClock,
};

use crate::ca::Place;
use crate::edge::Edge;

/// Nothing that a test waits for takes nearly as long.
const WAIT_MAX: Duration = Duration::from_secs(60);

pub(crate) const DOMAIN: &str = "gateway.example.com";

pub(crate) struct Site {
    pub(crate) place: Place,
    pub(crate) settings: AcmeSettings,
    pub(crate) challenges: Challenges,
    pub(crate) received: Arc<Mutex<Vec<Certificate>>>,
    data: TempDir,
    _edge: Edge,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let challenges = Challenges::new();
        let edge = Edge::start(&challenges).await;
        Self::with(edge, challenges)
    }

    /// One whose edge runs in another process on the same folder.
    pub(crate) async fn shared() -> Self {
        let data = tempfile::tempdir().unwrap();
        let of_process = || Challenges::shared(data.path()).unwrap();
        let edge = Edge::start(&of_process()).await;
        let challenges = of_process();
        Self::in_folder(edge, challenges, data)
    }

    pub(crate) fn with(edge: Edge, challenges: Challenges) -> Self {
        Self::in_folder(edge, challenges, tempfile::tempdir().unwrap())
    }

    fn in_folder(edge: Edge, challenges: Challenges, data: TempDir) -> Self {
        let place = Place::new(edge.http, edge.tls);
        let domains = vec![DOMAIN.to_owned()];
        let mut settings = AcmeSettings::new(place.directory(), domains, data.path().to_owned());
        settings.root_certificate = Some(place.root_certificate());
        settings.email = Some("ops@example.com".to_owned());
        settings.jitter = Duration::ZERO;
        let received = Arc::default();
        Self { place, settings, challenges, received, data, _edge: edge }
    }

    pub(crate) fn challenged_by(mut self, challenge: ChallengeKind) -> Self {
        self.settings.challenge = challenge;
        self
    }

    /// Starts on the machine's clock.
    pub(crate) fn start(&self) -> Acme {
        self.start_at(Arc::new(SystemClock))
    }

    /// Starts on another clock.
    pub(crate) fn start_at(&self, clock: Arc<dyn Clock>) -> Acme {
        let lock = Arc::new(FileLock::new(self.data.path()));
        let received = Arc::clone(&self.received);
        let keep =
            move |certificate: &Certificate| received.lock().unwrap().push(certificate.clone());
        let surroundings = Surroundings { clock, lock };
        Acme::start_in(surroundings, self.settings.clone(), self.challenges.clone(), keep).unwrap()
    }

    pub(crate) fn received(&self) -> Vec<Certificate> {
        self.received.lock().unwrap().clone()
    }

    /// The files of this folder under `acme` in the data directory, by what their names begin with.
    pub(crate) fn files(&self, folder: &str, start: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.data.path().join("acme").join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut found = Vec::new();
        for path in paths {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                found.extend(self.files(&format!("{folder}/{name}"), start));
            } else if name.starts_with(start) {
                found.push(path);
            }
        }
        found
    }
}

/// Waits until it is so, and says what is so then.
pub(crate) async fn until(acme: &Acme, so: impl FnMut(&AcmeState) -> bool) -> AcmeState {
    let mut watched = acme.watch();
    let waited = tokio::time::timeout(WAIT_MAX, watched.wait_for(so)).await;
    let seen = waited.map(|state| state.unwrap().clone());
    seen.unwrap_or_else(|_| panic!("it never came to that: {:?}", acme.state()))
}
