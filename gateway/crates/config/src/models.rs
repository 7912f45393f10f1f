//! `model_list`: rows to deployments.

mod ids;
mod knobs;
mod options;

use std::collections::BTreeMap;

use tollgate_domain::{FemtoUsd, Rates};

use self::ids::Ids;
use crate::config::{Deployment, Plugin};
use crate::litellm;
use crate::prices::PriceTable;
use crate::providers;
use crate::reader::Field;
use crate::routing::Names;
use crate::section::Section;
use crate::tree::Data;

/// The component that answers from the file.
const MOCK: &str = "mock";

/// Longest id, name or model: they appear in headers and database rows.
const NAME_MAX: usize = 256;

/// More attempts than this only make an outage worse.
const RETRIES_MAX: u32 = 100;

/// What rows are checked against.
pub(crate) struct Known<'a> {
    pub(crate) providers: &'a BTreeMap<String, Plugin>,
    pub(crate) prices: &'a PriceTable,
}

/// What the rows come to.
#[derive(Default)]
pub(crate) struct Models<'a> {
    pub(crate) deployments: Vec<Deployment>,
    /// All names, for what refers to them.
    pub(crate) names: Names,
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
        let name = name_of(&section);
        match deployment(section, known, &mut ids, &mut models.unserved) {
            Some(deployment) => {
                models.names.serve(&deployment.model_name);
                models.deployments.push(deployment);
            }
            None => models.names.leave_out(name.unwrap_or_default()),
        }
    }
    models
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
    let of_row = [row.take("rpm"), row.take("tpm")];
    row.close(litellm::ROW);

    let model_name = name(&name_field);
    let mut params = params_field.section_or_empty();
    let mut info = info_field.section_or_empty();
    let canonical = ids::canonical(model_name.as_deref().unwrap_or_default(), params.entries());

    let mock_response = params.take("mock_response").text_or_empty();
    let mut model_field = params.take("model");
    if params_field.is_section() {
        model_field = model_field.required();
    }
    let target = target(&model_field, &params.take("custom_llm_provider"));
    let base_field = params.take("api_base");
    let api_base = base_field.server_url();
    let key_field = params.take("api_key");
    let mut api_key = api_key(&key_field, mock_response.is_some());
    let own_rates = rates(&mut params, &mut info);
    let timeout = params.take("timeout").seconds();
    let stream_timeout = params.take("stream_timeout").seconds();
    let drop_params = params.take("drop_params").flag();
    let provider = target.as_ref().map(|target| target.provider.as_str());
    let told = options::read(&mut params, provider, mock_response.is_none());
    let knobs = knobs::Places { row: of_row, params: &mut params, info: &mut info };
    let mut knobs = knobs::read(knobs);
    let extra = Extra::read(&mut params, &mut info);
    params.close(litellm::PARAMS);
    info.close(litellm::INFO);

    let id = ids.claim(&extra.id, &canonical);
    let Target { provider, model } = target?;
    let component = component(&provider, mock_response.is_some(), known);
    if !known.providers.contains_key(&component) {
        log.forgive_variables(before);
        unserved.push(Unserved { field: model_field, provider });
        return None;
    }
    check_pattern(model_name.as_deref(), &name_field, (&model, &model_field));
    let is_own = provider == "openai" && component == "openai" && !base_field.is_present();
    api_key = if is_own && !key_field.is_present() { openai_key(&key_field) } else { api_key };
    let public_model = format!("{provider}/{model}");
    let listed = known.prices.get(extra.base_model.as_deref().unwrap_or(&public_model));
    let tabled = || listed.map(|price| price.rates.clone());
    let rates = own_rates.or_else(|| if mock_response.is_some() { Some(free()) } else { tabled() });
    knobs.price = rates.as_ref().map(|rates| rates.input.0.saturating_add(rates.output.0));
    Some(Deployment {
        id: id?,
        model_name: model_name?,
        provider,
        component,
        model,
        public_model,
        api_base,
        api_key,
        secrets: told.secrets,
        options: told.options,
        drop_params,
        mock_response,
        timeout,
        stream_timeout,
        knobs,
        rates,
        output_max: extra.output_max.or_else(|| listed.and_then(|price| price.output_max)),
        mode: extra.mode,
        is_probed: !extra.is_left_to_itself,
    })
}

/// What stands in `model_info`, or beside the rest.
struct Extra<'a> {
    id: Field<'a>,
    output_max: Option<u64>,
    /// The model whose price counts.
    base_model: Option<String>,
    mode: Option<String>,
    is_left_to_itself: bool,
}

impl<'a> Extra<'a> {
    fn read(params: &mut Section<'a>, info: &mut Section<'a>) -> Self {
        let (own_base, base) = (params.take("base_model").text(), info.take("base_model").text());
        Self {
            id: info.take("id"),
            output_max: info.take("max_output_tokens").whole(1..=u64::from(u32::MAX)),
            base_model: own_base.or(base),
            mode: info.take("mode").text(),
            is_left_to_itself: info.take("disable_background_health_check").flag().unwrap_or(false),
        }
    }
}

fn name_of<'a>(row: &Section<'a>) -> Option<&'a str> {
    let entry = row.entries().iter().find(|entry| entry.key == "model_name")?;
    match &entry.value.data {
        Data::Scalar(text) => Some(text),
        _ => None,
    }
}

/// A `*` of the model is filled with what stands for that of the name.
fn check_pattern(name: Option<&str>, name_field: &Field<'_>, (model, field): (&str, &Field<'_>)) {
    let stars = |text: &str| text.bytes().filter(|byte| *byte == b'*').count();
    let Some(name) = name else { return };
    match (stars(name), stars(model)) {
        (0, 0) | (1, 0 | 1) => {}
        (0, _) => field.mistake("expected a model without `*`, as model_name has none to fill it"),
        (1, _) => field.mistake("expected a model with one `*` at most"),
        _ => name_field.mistake("expected a name with one `*` at most, such as openai/*"),
    }
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

/// `custom_llm_provider` says whose model it is where the model's name does not.
fn target(field: &Field<'_>, provider_field: &Field<'_>) -> Option<Target> {
    let text = name(field)?;
    let named = provider_field.text();
    let (provider, model) = match &named {
        Some(provider) => {
            let own = text.strip_prefix(provider.as_str()).and_then(|rest| rest.strip_prefix('/'));
            (provider.as_str(), own.unwrap_or(&text))
        }
        None => text.split_once('/').unwrap_or(("openai", &text)),
    };
    if provider.is_empty() || model.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        field.mistake("expected provider/model in visible ASCII characters, such as openai/gpt-4o");
        return None;
    }
    Some(Target { provider: provider.to_owned(), model: model.to_owned() })
}

/// The component that speaks for a provider: one that the file adds under the provider's own name,
/// else the embedded one that answers to it.
fn component(provider: &str, is_mock: bool, known: &Known<'_>) -> String {
    if is_mock {
        return MOCK.to_owned();
    }
    let added = known.providers.contains_key(provider);
    let embedded = providers::component_of(provider).filter(|_| !added);
    embedded.unwrap_or(provider).to_owned()
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
        let embedded = providers::components();
        format!("provider `{}` has no component yet; built in: {embedded}", self.provider)
    }
}
