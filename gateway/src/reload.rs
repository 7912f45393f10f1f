//! Another configuration without a restart: on SIGHUP, and when a file has changed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tollgate_config::{Config, Loaded};
use tollgate_edge::Reload;

use crate::cli::Run;
use crate::deployments::level_filter;
use crate::foundation::Foundation;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How a file looks from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// How each file looked; none if it was not there.
type Looks = BTreeMap<PathBuf, Option<Look>>;

/// Watches files and signals.
pub(crate) struct Reloader {
    run: Run,
    /// What is in use.
    config: Config,
    foundation: Arc<Foundation>,
    reload: Reload,
}

// === impl Reloader ===

impl Reloader {
    pub(crate) fn new(
        run: Run,
        config: Config,
        foundation: Arc<Foundation>,
        reload: Reload,
    ) -> Self {
        Self { run, config, foundation, reload }
    }

    /// Never ends.
    pub(crate) async fn run(mut self, mut hangup: Signal) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut seen = self.looks();
        // A file that is being written is read once it has come to rest.
        let mut changing = None;
        loop {
            tokio::select! {
                _ = hangup.recv() => {}
                _ = ticks.tick() => {
                    let now = self.looks();
                    let is_at_rest = changing.replace(now.clone()).is_none_or(|last| last == now);
                    if now == seen || !is_at_rest {
                        continue;
                    }
                }
            }
            let before = self.looks();
            self.reload().await;
            seen = self.looks();
            // What changed while files were read is another change.
            for (path, look) in before {
                if let Some(seen) = seen.get_mut(&path) {
                    *seen = look;
                }
            }
        }
    }

    async fn reload(&mut self) {
        match self.apply().await {
            Ok(()) => {
                self.foundation.metrics.reloaded(true);
                log::info!(target: "config", "{} is in use", self.config.source);
            }
            Err(mistakes) => {
                self.foundation.metrics.reloaded(false);
                for mistake in mistakes {
                    log::error!(target: "config", "{mistake}");
                }
                log::error!(target: "config", "the configuration from before stays in use");
            }
        }
    }

    async fn apply(&mut self) -> Result<(), Vec<String>> {
        let file = self.run.config.clone();
        let read = move || tollgate_config::load(file.as_deref(), &|name| std::env::var(name).ok());
        let loaded = tokio::task::spawn_blocking(read).await.map_err(|e| vec![e.to_string()])?;
        let loaded = loaded
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let Loaded { config, notices } = loaded;
        let again = self.foundation.again(&self.run, &config).await;
        let (gate, meter) = again.map_err(|error| vec![error.to_string()])?;
        let applied = self.reload.apply(config.edge.as_ref(), config.cors.as_ref(), gate);
        let mut later = applied.map_err(|error| vec![error.to_string()])?;
        self.foundation.price_by(meter);
        for notice in &notices {
            log::warn!(target: "config", "{notice}");
        }
        later.extend(fixed_changes(&self.config, &config));
        for what in later {
            log::warn!(target: "config", "takes effect at the next start or upgrade: {what}");
        }
        log::set_max_level(level_filter(config.log_level));
        self.config = config;
        Ok(())
    }

    fn looks(&self) -> Looks {
        let plugins = &self.config.plugins;
        let each = [&plugins.authenticator, &plugins.limiter, &plugins.meter];
        let plugins = each.into_iter().chain(plugins.providers.values());
        let files = plugins.filter_map(|plugin| plugin.file.as_ref());
        let files = self.run.config.iter().chain(files);
        files.map(|path| (path.clone(), Look::at(path))).collect()
    }
}

// === impl Look ===

impl Look {
    fn at(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

/// What a running gateway does not change.
fn fixed_changes(before: &Config, now: &Config) -> Vec<String> {
    let exposed = |config: &Config| config.master_key.as_ref().map(|key| key.expose().to_owned());
    [
        ("general_settings.master_key", exposed(before) != exposed(now)),
        ("general_settings.database_url", before.database != now.database),
        ("journal", before.journal != now.journal),
    ]
    .into_iter()
    .filter(|(_, has_changed)| *has_changed)
    .map(|(key, _)| key.to_owned())
    .collect()
}
