//! The price table: dollars per million tokens, by `provider/model`.

use std::collections::BTreeMap;

use tollgate_domain::{FemtoUsd, Rates};

use crate::quantity::decimal;
use crate::reader::Field;
use crate::section::Section;

/// The table that the program carries.
pub(crate) const EMBEDDED: &str = include_str!("../../../../conf/prices.yaml");

/// Prices by `provider/model`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceTable {
    models: BTreeMap<String, Price>,
}

/// What is known of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Prices per token.
    pub rates: Rates,
    /// The most output tokens that one answer can have.
    pub output_max: Option<u64>,
}

// === impl PriceTable ===

impl PriceTable {
    /// The entry of a model, named `provider/model`.
    pub fn get(&self, public_model: &str) -> Option<&Price> {
        self.models.get(public_model)
    }

    /// All entries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Price)> {
        self.models.iter().map(|(name, price)| (name.as_str(), price))
    }

    /// Adds the entries of a file. They replace entries of the same name.
    pub(crate) fn add(&mut self, mut root: Section<'_>) {
        let version = root.take("version").required().text();
        let models = root.take("models").required().section();
        root.close(&[]);
        let version = version.unwrap_or_default();
        let Some(models) = models else { return };
        for (name, field) in models.all() {
            if !name.contains('/') {
                field.mistake("expected a name such as openai/gpt-4o");
            }
            if let Some(price) = price(&field, &version) {
                self.models.insert(name.to_owned(), price);
            }
        }
    }
}

fn price(field: &Field<'_>, version: &str) -> Option<Price> {
    let Some(mut entry) = field.section() else {
        if !field.is_present() {
            field.mistake("expected the prices `input` and `output`");
        }
        return None;
    };
    let input = per_million(&entry.take("input").required());
    let output = per_million(&entry.take("output").required());
    let cached_input = per_million(&entry.take("cached_input"));
    let cache_write = per_million(&entry.take("cache_write"));
    let output_max = entry.take("max_output_tokens").whole(1..=u64::from(u32::MAX));
    entry.close(&[]);
    let version = version.to_owned();
    let rates = Rates { input: input?, output: output?, cached_input, cache_write, version };
    Some(Price { rates, output_max })
}

/// A dollar per million tokens is 10⁹ femto-dollars per token.
fn per_million(field: &Field<'_>) -> Option<FemtoUsd> {
    let expected = "dollars per million tokens, such as 0.15, with up to nine decimals";
    field.parsed(expected, |text| decimal(text, 9)).map(FemtoUsd)
}
