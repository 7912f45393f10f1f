//! Loads the components that the configuration names, or those that are built in.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_config::{Plugin, Plugins};
use tollgate_host::{
    Authenticator, Host, Limiter, LoadError, Meter, PluginSettings, PluginSource, Provider,
};
use tollgate_telemetry::Role;

/// All components of a configuration.
pub(crate) struct Loaded {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) limiter: Limiter,
    pub(crate) meter: Arc<Meter>,
    pub(crate) providers: HashMap<String, Arc<Provider>>,
}

/// A component to load: its name in logs and metrics, and where it is.
struct Wanted {
    settings: PluginSettings,
    source: PluginSource,
}

/// The name and role of every component, for metrics.
pub(crate) fn names(plugins: &Plugins) -> Vec<(String, Role)> {
    let mut names = vec![
        (name_of(&plugins.authenticator, "authenticator-key"), Role::Authenticator),
        (name_of(&plugins.limiter, "limiter-key"), Role::Limiter),
        (name_of(&plugins.meter, "meter-tokens"), Role::Meter),
    ];
    for (provider, plugin) in &plugins.providers {
        names.push((name_of(plugin, &format!("provider-{provider}")), Role::Provider));
    }
    names
}

/// The largest memory that any component may have.
pub(crate) fn memory_max(plugins: &Plugins) -> usize {
    let each = [&plugins.authenticator, &plugins.limiter, &plugins.meter];
    let all = each.into_iter().chain(plugins.providers.values());
    all.map(|plugin| bytes(plugin.memory)).max().unwrap_or_default()
}

/// Loads them all.
pub(crate) async fn load(host: &Host, plugins: &Plugins) -> Result<Loaded, LoadError> {
    use tollgate_components::{AUTHENTICATOR, LIMITER, METER, PROVIDERS};
    let wanted = Wanted::new(&plugins.authenticator, "authenticator-key", AUTHENTICATOR);
    let authenticator = host.load_authenticator(&wanted.settings, &wanted.source)?;
    let wanted = Wanted::new(&plugins.limiter, "limiter-key", LIMITER);
    let limiter = host.load_limiter(&wanted.settings, &wanted.source)?;
    let wanted = Wanted::new(&plugins.meter, "meter-tokens", METER);
    let meter = host.load_meter(&wanted.settings, &wanted.source)?;
    let mut providers = HashMap::new();
    for (name, plugin) in &plugins.providers {
        let built_in = PROVIDERS.iter().find(|(known, _)| known == name);
        let bytes = built_in.map_or(&[][..], |(_, bytes)| bytes);
        let wanted = Wanted::new(plugin, &format!("provider-{name}"), bytes);
        let provider = host.load_provider(&wanted.settings, &wanted.source).await?;
        providers.insert(name.clone(), Arc::new(provider));
    }
    let (authenticator, meter) = (Arc::new(authenticator), Arc::new(meter));
    Ok(Loaded { authenticator, limiter, meter, providers })
}

impl Wanted {
    fn new(plugin: &Plugin, built_in: &str, bytes: &'static [u8]) -> Self {
        let source = match &plugin.file {
            Some(file) => PluginSource::File(file.clone()),
            None => PluginSource::BuiltIn(bytes),
        };
        let settings = PluginSettings {
            name: name_of(plugin, built_in),
            reuse: u64::from(plugin.reuse),
            deadline: plugin.deadline,
            wall: plugin.wall,
            memory_max: self::bytes(plugin.memory),
            host_calls_max: u32::try_from(plugin.host_calls).unwrap_or(u32::MAX),
            log_bytes_max: self::bytes(plugin.log_bytes),
        };
        Self { settings, source }
    }
}

fn name_of(plugin: &Plugin, built_in: &str) -> String {
    let stem = plugin.file.as_ref().and_then(|file| file.file_stem());
    stem.map_or_else(|| built_in.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn bytes(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
