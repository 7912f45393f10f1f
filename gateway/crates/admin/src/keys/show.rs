//! Shows keys.

use serde_json::{Value, json};
use tollgate_domain::{Principal, unix_now};

use super::request::Unmet;
use super::row::{self, Times};
use super::{Answer, Keys, identity, key_not_found, refuse};
use crate::api::manages_keys;
use crate::book::{KeyFilter, StoredKey};
use crate::envelope::{AdminResponse, Failure, detail, mistake};
use crate::query::Query;

/// Keys on a page, unless said otherwise.
const PAGE_SIZE: u32 = 10;
/// Keys on a page at most, as in LiteLLM.
const PAGE_SIZE_MAX: u32 = 100;

/// Parameters of `/key/list` that are heeded; others are named as ignored.
const LIST_PARAMETERS: &[&str] =
    &["page", "size", "user_id", "team_id", "key_alias", "key_hash", "return_full_object"];

impl Keys {
    /// `/key/info`
    pub(crate) async fn info(&self, query: &Query, principal: &Principal) -> Answer {
        let given = query.get("key").unwrap_or(&principal.key_id);
        let hash = identity(given);
        let own = hash.is_some() && hash == identity(&principal.key_id);
        if !own && !manages_keys(principal) {
            // Whether there is such a key is not said.
            return Err(Failure {
                status: 403,
                message: "You are not allowed to access this key's info. Your role=unknown",
                kind: "auth_error",
                param: None,
            }
            .into());
        }
        let not_found = || key_not_found("Key not found in database");
        let stored = self.find(hash.ok_or_else(not_found)?).await?.ok_or_else(not_found)?;
        let mut info = row::stored_key(&stored, self.spent(&stored), Times::Offset);
        info.insert("status".into(), json!(row::status(&stored, unix_now())));
        Ok(AdminResponse::json(200, &json!({ "key": given, "info": info })))
    }

    /// `/key/list`
    pub(crate) async fn list(&self, query: &Query) -> Answer {
        let page = number(query, "page", 1, u32::MAX)?;
        let size = number(query, "size", PAGE_SIZE, PAGE_SIZE_MAX)?;
        let whole = query.get("return_full_object").is_some_and(is_true);
        let text = |name| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let hash = text("key_hash").map(|given| identity(&given));
        let (keys, total) = if hash == Some(None) {
            // It names no key, so that none has it.
            (Vec::new(), 0)
        } else {
            let filter = KeyFilter {
                user_id: text("user_id"),
                team_id: text("team_id"),
                alias: text("key_alias"),
                hash: hash.flatten(),
                page,
                size,
            };
            self.book.list(filter).await.map_err(|error| refuse(error, None))?
        };
        let keys: Vec<_> = keys.iter().map(|key| self.listed(key, whole)).collect();
        let ignored = query.names().filter(|name| !LIST_PARAMETERS.contains(name));
        let unmet = Unmet::ignored(ignored.map(str::to_owned).collect());
        Ok(unmet.tell(AdminResponse::json(
            200,
            &json!({
                "keys": keys,
                "total_count": total,
                "current_page": page,
                "total_pages": total.div_ceil(u64::from(size)),
            }),
        )))
    }

    fn listed(&self, key: &StoredKey, whole: bool) -> Value {
        let hash = key.hash.to_string();
        if !whole {
            return json!(hash);
        }
        let mut row = row::stored_key(key, self.spent(key), Times::Zulu);
        row.insert("status".into(), json!(row::status(key, unix_now())));
        row.insert("token".into(), json!(hash));
        Value::Object(row)
    }
}

fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

/// A number of at least 1.
fn number(query: &Query, name: &str, absent: u32, max: u32) -> Result<u32, AdminResponse> {
    let refused = |kind: &str, message: &str| {
        Err(detail(422, json!([mistake(kind, json!(["query", name]), message)])))
    };
    let Some(text) = query.get(name) else { return Ok(absent) };
    match text.parse::<i64>().map(u32::try_from) {
        Ok(Ok(number)) if (1..=max).contains(&number) => Ok(number),
        Ok(Ok(0)) => refused("greater_than_equal", "Input should be greater than or equal to 1"),
        Ok(Err(_)) if text.trim_start().starts_with('-') => {
            refused("greater_than_equal", "Input should be greater than or equal to 1")
        }
        Ok(_) => {
            refused("less_than_equal", &format!("Input should be less than or equal to {max}"))
        }
        Err(_) => refused(
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
    }
}
