//! `model_list`: rows to deployments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tollgate_domain::{FemtoUsd, Rates};

use crate::config::{Deployment, Plugin};
use crate::litellm;
use crate::own::EMBEDDED_PROVIDERS;
use crate::prices::PriceTable;
use crate::quantity::DURATION_MAX;
use crate::reader::Field;
use crate::section::Section;
use crate::tree::{Data, Entry};

/// The component that answers from the file.
const MOCK: &str = "mock";

/// Longest id, name or model: they appear in headers and database rows.
const NAME_MAX: usize = 256;

/// What rows are checked against.
pub(crate) struct Known<'a> {
    pub(crate) providers: &'a BTreeMap<String, Plugin>,
    pub(crate) prices: &'a PriceTable,
}

/// What the rows come to.
#[derive(Default)]
pub(crate) struct Models<'a> {
    pub(crate) deployments: Vec<Deployment>,
    /// Rows that are left out. It depends on the rest of the file what is to be said of them.
    pub(crate) unserved: Vec<Unserved<'a>>,
}

/// A row whose provider has no component.
pub(crate) struct Unserved<'a> {
    field: Field<'a>,
    provider: String,
}

/// Reads all rows. Those with mistakes are left out.
pub(crate) fn read<'a>(list: &Field<'a>, known: &Known<'_>) -> Models<'a> {
    let mut models = Models::default();
    let mut ids = Ids::default();
    for row in list.items() {
        let Some(section) = row.section() else { continue };
        let deployment = deployment(section, known, &mut ids, &mut models.unserved);
        models.deployments.extend(deployment);
    }
    models
}

/// Ids that are taken, and how often each text was hashed to one.
#[derive(Default)]
struct Ids {
    taken: HashMap<String, usize>,
    repeats: HashMap<String, usize>,
}

/// `litellm_params.model`, taken apart.
struct Target {
    provider: String,
    model: String,
}

fn deployment<'a>(
    mut row: Section<'a>,
    known: &Known<'_>,
    ids: &mut Ids,
    unserved: &mut Vec<Unserved<'a>>,
) -> Option<Deployment> {
    let log = row.whole().source().log;
    let before = log.mark();
    let name_field = row.take("model_name").required();
    let params_field = row.take("litellm_params").required();
    let info_field = row.take("model_info");
    row.close(litellm::ROW);

    let model_name = name(&name_field);
    let params = params_field.section();
    let has_params = params.is_some();
    let mut params = params.unwrap_or_else(|| params_field.empty_section());
    let mut info = info_field.section().unwrap_or_else(|| info_field.empty_section());
    let canonical = canonical(model_name.as_deref().unwrap_or_default(), params.entries());

    let mock_response = params.take("mock_response").text_or_empty();
    let mut model_field = params.take("model");
    if has_params {
        model_field = model_field.required();
    }
    let target = target(&model_field);
    let base_field = params.take("api_base");
    let api_base = base_field.server_url();
    let key_field = params.take("api_key");
    let mut api_key = api_key(&key_field, mock_response.is_some());
    let timeout = timeout(&params.take("timeout"));
    let id_field = info.take("id");
    let own_rates = rates(&mut params, &mut info);
    let own_output_max = info.take("max_output_tokens").whole(1..=u64::from(u32::MAX));
    params.close(litellm::PARAMS);
    info.close(litellm::INFO);

    let id = ids.claim(&id_field, &canonical);
    let Target { provider, model } = target?;
    let component = if mock_response.is_some() { MOCK.to_owned() } else { provider.clone() };
    if !known.providers.contains_key(&component) {
        log.forgive_variables(before);
        unserved.push(Unserved { field: model_field, provider });
        return None;
    }
    if model.contains('*') || model_name.as_ref().is_some_and(|name| name.contains('*')) {
        name_field.notice("this row is left out: wildcard models come with routing");
        return None;
    }
    if component == "openai" && !base_field.is_present() && !key_field.is_present() {
        api_key = openai_key(&key_field);
    }
    let public_model = format!("{provider}/{model}");
    let listed = known.prices.get(&public_model);
    let tabled = || listed.map(|price| price.rates.clone());
    let rates = own_rates.or_else(|| if mock_response.is_some() { Some(free()) } else { tabled() });
    Some(Deployment {
        id: id?,
        model_name: model_name?,
        provider,
        component,
        model,
        public_model,
        api_base,
        api_key,
        mock_response,
        timeout,
        rates,
        output_max: own_output_max.or_else(|| listed.and_then(|price| price.output_max)),
    })
}

fn name(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    if text.len() > NAME_MAX || text.chars().any(char::is_control) {
        field.mistake(format!(
            "expected a name of up to {NAME_MAX} bytes without control characters"
        ));
        return None;
    }
    Some(text)
}

fn target(field: &Field<'_>) -> Option<Target> {
    let text = name(field)?;
    let (provider, model) = text.split_once('/').unwrap_or(("openai", &text));
    if provider.is_empty() || model.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        field.mistake("expected provider/model in visible ASCII characters, such as openai/gpt-4o");
        return None;
    }
    Some(Target { provider: provider.to_owned(), model: model.to_owned() })
}

/// OpenAI's own variable, which LiteLLM takes for a row that names no key. Only for OpenAI's own
/// address: no other server may see it.
fn openai_key(key: &Field<'_>) -> Option<crate::Secret> {
    let value = key.source().env.get("OPENAI_API_KEY");
    if value.is_none() {
        key.notice(
            "neither this key nor the variable `OPENAI_API_KEY` is set; OpenAI will refuse calls",
        );
    }
    value.map(crate::Secret::new)
}

/// An answer from the file needs no credential, so that its variable need not be set.
fn api_key(field: &Field<'_>, is_mock: bool) -> Option<crate::Secret> {
    if is_mock && field.unset_variable().is_some() {
        return None;
    }
    field.secret()
}

fn timeout(field: &Field<'_>) -> Option<Duration> {
    field.parsed("a number of seconds above 0 and up to 30 days", |text| {
        let seconds: f64 = text.parse().ok()?;
        let timeout = Duration::try_from_secs_f64(seconds).ok()?;
        (!timeout.is_zero() && timeout <= DURATION_MAX).then_some(timeout)
    })
}

fn rates(params: &mut Section<'_>, info: &mut Section<'_>) -> Option<Rates> {
    let mut read = |key| {
        let (param, information) = (params.take(key), info.take(key));
        let field = if param.is_present() { param } else { information };
        let price = per_token(&field);
        (field, price)
    };
    let (input_field, input) = read("input_cost_per_token");
    let (output_field, output) = read("output_cost_per_token");
    let (cached_field, cached_input) = read("cache_read_input_token_cost");
    let (write_field, cache_write) = read("cache_creation_input_token_cost");
    let fields = [&input_field, &output_field, &cached_field, &write_field];
    let given = fields.into_iter().find(|field| field.is_present())?;
    if !input_field.is_present() || !output_field.is_present() {
        given.mistake("prices need both input_cost_per_token and output_cost_per_token");
    }
    let version = "config".to_owned();
    Some(Rates { input: input?, output: output?, cached_input, cache_write, version })
}

fn per_token(field: &Field<'_>) -> Option<FemtoUsd> {
    field.parsed("dollars per token from 1e-15, or 0, such as 0.00000015", |text| {
        let usd: f64 = text.parse().ok()?;
        FemtoUsd::from_usd(usd).filter(|price| (price.0 == 0) == (usd == 0.0))
    })
}

/// An answer from the file costs nothing, which is not the same as an unknown price.
fn free() -> Rates {
    let nothing = FemtoUsd::default();
    let version = MOCK.to_owned();
    Rates { input: nothing, output: nothing, cached_input: None, cache_write: None, version }
}

// === impl Unserved ===

impl Unserved<'_> {
    /// For files that lead somewhere without the row.
    pub(crate) fn notice(&self) {
        self.field.notice(format!("{}; the row is left out", self.reason()));
    }

    /// For files that lead nowhere.
    pub(crate) fn mistake(&self) {
        self.field.mistake(format!(
            "{} (`plugins.providers` adds others; a server that speaks OpenAI's API is written \
             `openai/…` with its api_base)",
            self.reason()
        ));
    }

    fn reason(&self) -> String {
        let embedded = EMBEDDED_PROVIDERS.join(", ");
        format!("provider `{}` has no component yet; built in: {embedded}", self.provider)
    }
}

// === impl Ids ===

impl Ids {
    /// The id that the row has, or one made from its text. Rows with the same text, such as two
    /// that differ in their key alone, are told apart by their order.
    fn claim(&mut self, field: &Field<'_>, canonical: &str) -> Option<String> {
        let id = match field.is_present() {
            true => name(field)?,
            false => {
                let repeat = self.repeats.entry(canonical.to_owned()).or_default();
                *repeat += 1;
                hexadecimal(&Sha256::digest(format!("{canonical}#{repeat}")))
            }
        };
        if !id.bytes().all(|b| b.is_ascii_graphic()) {
            field.mistake("expected an id in visible ASCII characters without blanks");
            return None;
        }
        if let Some(line) = self.taken.get(&id) {
            field.mistake(format!("this id is that of line {line} already"));
            return None;
        }
        self.taken.insert(id.clone(), field.line());
        Some(id)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text of the row that does not depend on the order of keys, on the environment or on secrets.
fn canonical(model_name: &str, params: &[Entry]) -> String {
    let mut lines = BTreeSet::new();
    flatten("", &Data::Map(params.to_vec()), &mut lines);
    let mut text = format!("{model_name:?}\n");
    lines.iter().for_each(|line| text.push_str(line));
    text
}

fn flatten(path: &str, data: &Data, lines: &mut BTreeSet<String>) {
    match data {
        Data::Null => {}
        Data::Scalar(value) => {
            lines.insert(format!("{path}={value:?}\n"));
        }
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), &item.data, lines);
            }
        }
        Data::Map(entries) => {
            for entry in entries.iter().filter(|entry| !may_be_secret(&entry.key)) {
                flatten(&format!("{path}.{:?}", entry.key), &entry.value.data, lines);
            }
        }
    }
}

fn may_be_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named_so = ["key", "secret", "password", "credential", "header", "authorization"]
        .iter()
        .any(|word| key.contains(word));
    is_named_so || (key.ends_with("token") && !key.contains("cost"))
}
