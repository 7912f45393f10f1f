//! From files and environment to a configuration.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use crate::config::{Config, Edge, Target};
use crate::expand::{Environment, Unexpanded};
use crate::mistake::{Log, Mistake, Notice};
use crate::prices::PriceTable;
use crate::reader::{Field, Source};
use crate::section::Section;
use crate::tree::{self, Data, Entry};
use crate::{edge, litellm, models, own, prices, settings};

/// The largest file. A hundred times that of the longest list of models that is known of.
const FILE_BYTES_MAX: u64 = 1 << 20;

const DEFAULT: &str = include_str!("../../../../conf/default.yaml");
const DEFAULT_NAME: &str = "default.yaml (embedded)";
const PRICES_NAME: &str = "prices.yaml (embedded)";

/// A configuration, and what its author should know of.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What has no effect, in the order of the lines.
    pub notices: Vec<Notice>,
}

/// Loads a file, or the embedded default, with the variables that `env` knows.
///
/// # Errors
///
/// Every mistake there is, in the order of the lines.
pub fn load(
    path: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Vec<Mistake>> {
    let log = Log::default();
    let name = path.map_or(DEFAULT_NAME.to_owned(), |path| path.display().to_string());
    let text = match path {
        Some(path) => read_text(path, &name, &log),
        None => Some(DEFAULT.to_owned()),
    };
    let entries = text.and_then(|text| entries(&text, &name, &log));
    let config = entries.map(|entries| {
        let dir = path.and_then(Path::parent).unwrap_or(Path::new(""));
        let process = Environment::new(env);
        let variables = {
            let source = Source { file: &name, dir, env: &process, log: &log };
            variables(&source, &entries)
        };
        let env = process.with_file(variables);
        config(&Source { file: &name, dir, env: &env, log: &log }, &entries)
    });
    let (mistakes, notices) = log.into_sorted(&name);
    match config {
        Some(config) if mistakes.is_empty() => Ok(Loaded { config, notices }),
        _ => Err(mistakes),
    }
}

fn config(source: &Source<'_>, entries: &[Entry]) -> Config {
    let mut root = Section::new(source, String::new(), 1, entries);
    root.take("environment_variables");
    let prices = price_table(root.take("prices"));
    let plugins = own::plugins(&root.take("plugins"));
    let list = root.take("model_list");
    let known = models::Known { providers: &plugins.providers, prices: &prices };
    let models = models::read(&list, &known);
    let settings = settings::read(&mut root, &models.names);
    let cors = edge::cors_of_environment(&root.whole());
    let edge = edge::read(&root.take("edge"), cors.as_ref());
    let limits = own::limits(&root.take("limits"));
    let journal = own::journal(&root.take("journal"));
    let upstream = own::upstream(&root.take("upstream"));
    root.close(litellm::TOP);
    let models::Models { mut deployments, unserved, .. } = models;
    deployments.iter_mut().for_each(|deployment| settings.rows.fill(deployment));
    let leads_somewhere = !deployments.is_empty() || edge.as_ref().is_some_and(leads_to_server);
    if leads_somewhere || !source.log.is_clean() {
        unserved.iter().for_each(models::Unserved::notice);
    } else {
        list.mistake(
            "expected at least one model whose provider has a component, or a route of `edge` to a \
             server",
        );
        unserved.iter().for_each(models::Unserved::mistake);
    }
    Config {
        models: deployments,
        routing: settings.routing,
        master_key: settings.master_key,
        database: settings.database,
        spend_rows_kept: settings.spend_rows_kept,
        drop_params: settings.drop_params,
        metrics_need_key: settings.metrics_need_key,
        log_level: settings.log_level,
        plugins,
        edge,
        cors,
        limits,
        journal,
        prices,
        upstream,
        source: source.file.to_owned(),
    }
}

fn leads_to_server(edge: &Edge) -> bool {
    let mut routes = edge.sites.iter().flat_map(|site| &site.routes);
    routes.any(|route| matches!(route.to, Target::Servers(_)))
}

/// `environment_variables`. One that refers to a variable that is not set stays unset itself: it
/// matters only to those that use it.
fn variables(source: &Source<'_>, entries: &[Entry]) -> BTreeMap<String, String> {
    let mut root = Section::new(source, String::new(), 1, entries);
    let mut variables = BTreeMap::new();
    let Some(section) = root.take("environment_variables").section() else { return variables };
    for (name, field) in section.all() {
        match field.written().map(|text| source.env.expand(text)) {
            Some(Err(Unexpanded::Unset(missing))) => {
                field.notice(format!("environment variable `{missing}` is not set"));
            }
            _ => {
                variables.extend(field.text_or_empty().map(|value| (name.to_owned(), value)));
            }
        }
    }
    variables
}

fn price_table(field: Field<'_>) -> PriceTable {
    let mut table = PriceTable::default();
    let source = field.source();
    add_prices(&mut table, prices::EMBEDDED, &Source { file: PRICES_NAME, ..*source });
    let Some(mut section) = field.section() else { return table };
    let file = section.take("file").required().existing_file();
    section.close(&[]);
    let Some(path) = file else { return table };
    let name = path.display().to_string();
    if let Some(text) = read_text(&path, &name, source.log) {
        add_prices(&mut table, &text, &Source { file: &name, ..*source });
    }
    table
}

fn add_prices(table: &mut PriceTable, text: &str, source: &Source<'_>) {
    if let Some(entries) = entries(text, source.file, source.log) {
        table.add(Section::new(source, String::new(), 1, &entries));
    }
}

/// The keys and values at the top of a text.
fn entries(text: &str, file: &str, log: &Log) -> Option<Vec<Entry>> {
    let report = |line, message| {
        log.mistake(Mistake { file: file.to_owned(), line, path: String::new(), message });
    };
    let (root, flaws) = tree::parse(text);
    flaws.into_iter().for_each(|flaw| report(flaw.line, flaw.message));
    match root?.data {
        Data::Map(entries) => Some(entries),
        Data::Null => Some(Vec::new()),
        _ => {
            report(1, "expected keys and values at the top of the file".to_owned());
            None
        }
    }
}

fn read_text(path: &Path, name: &str, log: &Log) -> Option<String> {
    let report = |message| {
        log.mistake(Mistake { file: name.to_owned(), line: 0, path: String::new(), message });
    };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        report(format!("cannot read this file: {}", error.kind()));
        return None;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        report(format!("expected at most {FILE_BYTES_MAX} bytes"));
        return None;
    }
    String::from_utf8(bytes).map_err(|_| report("expected UTF-8 text".to_owned())).ok()
}
