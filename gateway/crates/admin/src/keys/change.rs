//! Makes, changes, blocks and deletes keys.

use serde_json::{Map, Value, json};
use tollgate_domain::{KeyHash, NanoUsd, Principal, UnixMillis, unix_now};

use super::request::{Unmet, Wishes};
use super::row::{self, Times};
use super::{Answer, Keys, actor, bad_request, identity, key_not_found, refuse, secret};
use crate::book::{KeyChange, NewKey, StoredKey};
use crate::envelope::{AdminResponse, Failure};
use crate::fields::{Fields, Given, text, texts};
use crate::lifetime::end_of;

impl Keys {
    /// `/key/generate`
    pub(crate) async fn generate(&self, body: &[u8], principal: &Principal) -> Answer {
        let mut fields = if body.is_empty() { Fields::parse(b"{}")? } else { Fields::parse(body)? };
        let chosen = fields.take("key", text).flatten();
        let named = fields.take("key_name", text).flatten().filter(|name| !name.is_empty());
        let mut wishes = Wishes::read(&mut fields);
        let unmet = Unmet::of(&wishes, fields.finish()?);
        if let Some(objection) = chosen.as_deref().and_then(secret::objection) {
            return Err(bad_request(objection, Some("key")));
        }
        let key = match chosen {
            Some(key) => key,
            None => secret::new_key().map_err(no_randomness)?,
        };
        wishes.alias = Some(wishes.alias.flatten().or(named));
        add_budget_id(&mut wishes.extra, &Map::new())?;
        let alias = wishes.alias.clone().flatten();
        let new = new_key(&key, wishes, actor(principal))?;
        let stored = self.book.create(new).await;
        let stored = stored.map_err(|error| refuse(error, alias.as_deref()))?;
        Ok(unmet.tell(AdminResponse::json(200, &row::new_key(&stored, &key))))
    }

    /// `/key/update`
    pub(crate) async fn update(&self, body: &[u8], principal: &Principal) -> Answer {
        let mut fields = Fields::parse(body)?;
        let given = fields.take("key", text).flatten();
        let mut wishes = Wishes::read(&mut fields);
        if given.is_none() && wishes.alias.clone().flatten().is_none() {
            fields.wrong("Value error, key or key_alias must be provided.");
        }
        let unmet = Unmet::of(&wishes, fields.finish()?);
        let (given, stored) = self.to_update(given, &mut wishes).await?;
        let alias = wishes.alias.clone().flatten();
        let hash = stored.hash;
        let spend = wishes.spend.map(Option::unwrap_or_default);
        add_budget_id(&mut wishes.extra, &stored.extra)?;
        let change = change(wishes, actor(principal))?;
        let updated = self.book.update(hash, change).await;
        let updated = updated.map_err(|error| refuse(error, alias.as_deref()))?;
        let updated = updated.ok_or_else(|| key_not_found("Key not found."))?;
        if let Some(spend) = spend {
            self.spend.set_spent(&hash, spend);
        }
        let mut row = self.with_token(&updated);
        row.insert("key".into(), json!(given));
        Ok(unmet.tell(AdminResponse::json(200, &row)))
    }

    /// `/key/block` and `/key/unblock`
    pub(crate) async fn set_blocked(
        &self,
        body: &[u8],
        principal: &Principal,
        blocked: bool,
    ) -> Answer {
        let mut fields = Fields::parse(body)?;
        let given = fields.require("key", text).unwrap_or_default();
        let unmet = Unmet::ignored(fields.finish()?);
        let not_found = || key_not_found("Key not found.");
        let hash = identity(&given).ok_or_else(not_found)?;
        let change = KeyChange {
            blocked: Some(Some(blocked)),
            updated_by: actor(principal),
            ..KeyChange::default()
        };
        let updated = self.book.update(hash, change).await.map_err(|error| refuse(error, None))?;
        let row = self.with_token(&updated.ok_or_else(not_found)?);
        Ok(unmet.tell(AdminResponse::json(200, &row)))
    }

    /// `/key/delete`
    pub(crate) async fn delete(&self, body: &[u8], principal: &Principal) -> Answer {
        let mut fields = Fields::parse(body)?;
        let mut keys = fields.take("keys", texts).flatten().unwrap_or_default();
        // LiteLLM has no such field; the deployment guide's client sends it.
        keys.extend(fields.take("key", text).flatten());
        let aliases = fields.take("key_aliases", texts).flatten().unwrap_or_default();
        if keys.is_empty() && aliases.is_empty() {
            fields.wrong("Value error, At least one of 'keys' or 'key_aliases' must be provided.");
        }
        let unmet = Unmet::ignored(fields.finish()?);
        let mut wanted: Vec<(String, KeyHash)> = Vec::new();
        for given in keys {
            wanted.extend(identity(&given).map(|hash| (given, hash)));
        }
        for alias in aliases {
            let found = self.book.find_alias(&alias).await.map_err(|error| refuse(error, None))?;
            wanted.extend(found.map(|stored| (alias, stored.hash)));
        }
        let hashes: Vec<_> = wanted.iter().map(|(_, hash)| *hash).collect();
        let deleted = self.book.delete(&hashes, &actor(principal)).await;
        let deleted = deleted.map_err(|error| refuse(error, None))?;
        if deleted.is_empty() {
            return Err(no_keys_found());
        }
        deleted.iter().for_each(|hash| self.spend.forget(hash));
        wanted.retain(|(_, hash)| deleted.contains(hash));
        let given: Vec<_> = wanted.into_iter().map(|(given, _)| given).collect();
        Ok(unmet.tell(AdminResponse::json(200, &json!({ "deleted_keys": given }))))
    }

    /// The key that an update is for, and how it was named. Without a key, the alias says which;
    /// then it is no change.
    async fn to_update(
        &self,
        given: Option<String>,
        wishes: &mut Wishes,
    ) -> Result<(String, StoredKey), AdminResponse> {
        let not_found = || key_not_found("Key not found.");
        if let Some(given) = given {
            let hash = identity(&given).ok_or_else(not_found)?;
            return Ok((given, self.find(hash).await?.ok_or_else(not_found)?));
        }
        let alias = wishes.alias.take().flatten().unwrap_or_default();
        let found = self.book.find_alias(&alias).await.map_err(|error| refuse(error, None))?;
        Ok((alias, found.ok_or_else(not_found)?))
    }

    fn with_token(&self, stored: &StoredKey) -> Map<String, Value> {
        let mut row = row::stored_key(stored, self.spent(stored), Times::Zulu);
        row.insert("token".into(), json!(stored.hash.to_string()));
        row
    }
}

fn new_key(key: &str, wishes: Wishes, by: String) -> Result<NewKey, AdminResponse> {
    let mut extra = wishes.extra;
    extra.retain(|_, value| !value.is_null());
    Ok(NewKey {
        hash: KeyHash::of_key(key),
        name: secret::shortened(key),
        alias: wishes.alias.flatten(),
        user_id: wishes.user_id.flatten(),
        team_id: wishes.team_id.flatten(),
        models: wishes.models.flatten().unwrap_or_default(),
        spend: wishes.spend.flatten().unwrap_or(NanoUsd::ZERO),
        max_budget: wishes.max_budget.flatten(),
        rpm_limit: wishes.rpm_limit.flatten(),
        blocked: wishes.blocked.flatten(),
        expires: expiry(wishes.duration)?.flatten(),
        extra,
        created_by: by,
    })
}

fn change(wishes: Wishes, by: String) -> Result<KeyChange, AdminResponse> {
    Ok(KeyChange {
        alias: wishes.alias,
        user_id: wishes.user_id,
        team_id: wishes.team_id,
        models: wishes.models.map(Option::unwrap_or_default),
        spend: wishes.spend.map(Option::unwrap_or_default),
        max_budget: wishes.max_budget,
        rpm_limit: wishes.rpm_limit,
        blocked: wishes.blocked,
        expires: expiry(wishes.duration)?,
        extra: wishes.extra,
        updated_by: by,
    })
}

/// When the key ends. As in LiteLLM, `-1` means never.
fn expiry(duration: Given<String>) -> Result<Given<UnixMillis>, AdminResponse> {
    let Some(duration) = duration else { return Ok(None) };
    let Some(duration) = duration.filter(|text| text != "-1") else { return Ok(Some(None)) };
    // LiteLLM answers 500, but the client is at fault.
    let invalid = |_| bad_request("Invalid duration format", Some("duration"));
    end_of(&duration, unix_now()).map(|end| Some(Some(end))).map_err(invalid)
}

/// A soft budget has an id in LiteLLM, under which it is shown.
fn add_budget_id(
    extra: &mut Map<String, Value>,
    stored: &Map<String, Value>,
) -> Result<(), AdminResponse> {
    let has = |map: &Map<_, _>, name| map.get(name).is_some_and(|value: &Value| !value.is_null());
    if has(extra, "soft_budget") && !has(extra, "budget_id") && !has(stored, "budget_id") {
        let id = secret::new_id().map_err(no_randomness)?;
        extra.insert("budget_id".into(), json!(id));
    }
    Ok(())
}

fn no_randomness(_: secret::NoRandomness) -> AdminResponse {
    log::error!("the machine gives no randomness: no key can be made");
    Failure {
        status: 500,
        message: "No key can be made at present.",
        kind: "internal_server_error",
        param: None,
    }
    .into()
}

fn no_keys_found() -> AdminResponse {
    Failure {
        status: 404,
        message: "{'error': 'No keys found'}",
        kind: "internal_server_error",
        param: None,
    }
    .into()
}
