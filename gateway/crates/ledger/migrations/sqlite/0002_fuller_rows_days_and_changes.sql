-- Rows of calls say more and take less, days have sums, and changes of keys are told to others.

ALTER TABLE keys ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deleted_keys ADD COLUMN base INTEGER NOT NULL DEFAULT 0;

-- Digests of the plugins that touched a call, as a JSON array: few sets serve many calls.
CREATE TABLE plugin_sets (
    id      INTEGER PRIMARY KEY,
    digests TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO plugin_sets (digests) SELECT DISTINCT plugins FROM calls;

CREATE TABLE calls_new (
    place               INTEGER PRIMARY KEY,
    call_id             BLOB NOT NULL UNIQUE,
    client_call_id      TEXT,
    key_id              TEXT NOT NULL,
    key_alias           TEXT,
    user_id             TEXT,
    team_id             TEXT,
    organization_id     TEXT,
    customer_id         TEXT,
    tags                TEXT,
    client_address      TEXT,
    route               TEXT NOT NULL,
    dialect             TEXT NOT NULL,
    model               TEXT NOT NULL,
    deployment          TEXT NOT NULL,
    provider            TEXT NOT NULL,
    upstream_model      TEXT NOT NULL,
    served_model        TEXT,
    stream              INTEGER NOT NULL,
    status              INTEGER NOT NULL,
    ending              TEXT NOT NULL,
    error               TEXT,
    attempts            INTEGER NOT NULL,
    fallback            INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens  INTEGER NOT NULL,
    reasoning_tokens    INTEGER NOT NULL,
    audio_input_tokens  INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    estimated           INTEGER NOT NULL,
    charge_nano_usd     INTEGER NOT NULL,
    input_nano_usd      INTEGER NOT NULL,
    cached_nano_usd     INTEGER NOT NULL,
    output_nano_usd     INTEGER NOT NULL,
    pricing             TEXT NOT NULL,
    price_version       TEXT,
    reserved_nano_usd   INTEGER NOT NULL,
    started_at          INTEGER NOT NULL,
    first_byte_at       INTEGER,
    first_token_at      INTEGER,
    ended_at            INTEGER NOT NULL,
    plugins             INTEGER NOT NULL
) STRICT;

INSERT INTO calls_new (place, call_id, client_call_id, key_id, key_alias, user_id, team_id, route,
    dialect, model, deployment, provider, upstream_model, stream, status, ending, error, attempts,
    fallback, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens,
    reasoning_tokens, audio_input_tokens, audio_output_tokens, estimated, charge_nano_usd,
    input_nano_usd, cached_nano_usd, output_nano_usd, pricing, price_version, reserved_nano_usd,
    started_at, first_byte_at, ended_at, plugins)
SELECT calls.rowid, unhex(replace(call_id, '-', '')), client_call_id, key_id, key_alias, user_id,
    team_id, route, dialect, model, deployment, provider, upstream_model, stream, status, ending,
    error, 1, 0, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens,
    reasoning_tokens, 0, 0, estimated, charge_nano_usd, parts->>'input', parts->>'cached',
    parts->>'output', pricing, price_version, reserved_nano_usd, started_at, first_byte_at,
    ended_at, plugin_sets.id
FROM calls JOIN plugin_sets ON plugin_sets.digests = calls.plugins
ORDER BY calls.rowid;

DROP TABLE calls;
ALTER TABLE calls_new RENAME TO calls;
-- By time alone they are found by their ids, which begin with it.
CREATE INDEX calls_by_key_and_time ON calls (key_id, started_at);

-- Sums of each day in UTC, counted in days since 1970; an absent name is empty. They outlive the calls.
CREATE TABLE daily (
    day                 INTEGER NOT NULL,
    key_id              TEXT NOT NULL,
    user_id             TEXT NOT NULL,
    team_id             TEXT NOT NULL,
    organization_id     TEXT NOT NULL,
    model               TEXT NOT NULL,
    upstream_model      TEXT NOT NULL,
    provider            TEXT NOT NULL,
    route               TEXT NOT NULL,
    requests            INTEGER NOT NULL,
    successes           INTEGER NOT NULL,
    failures            INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens  INTEGER NOT NULL,
    reasoning_tokens    INTEGER NOT NULL,
    audio_input_tokens  INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    charge_nano_usd     INTEGER NOT NULL,
    duration_ms         INTEGER NOT NULL,
    PRIMARY KEY (day, key_id, user_id, team_id, organization_id,
        model, upstream_model, provider, route)
) STRICT, WITHOUT ROWID;

CREATE INDEX daily_by_key ON daily (key_id, day);
CREATE INDEX daily_by_user ON daily (user_id, day);
CREATE INDEX daily_by_team ON daily (team_id, day);

-- The same by tag and by customer: a call has none, one or several of these.
CREATE TABLE daily_labels (
    day                 INTEGER NOT NULL,
    kind                TEXT NOT NULL,
    label               TEXT NOT NULL,
    key_id              TEXT NOT NULL,
    model               TEXT NOT NULL,
    provider            TEXT NOT NULL,
    requests            INTEGER NOT NULL,
    successes           INTEGER NOT NULL,
    failures            INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens  INTEGER NOT NULL,
    reasoning_tokens    INTEGER NOT NULL,
    audio_input_tokens  INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    charge_nano_usd     INTEGER NOT NULL,
    duration_ms         INTEGER NOT NULL,
    PRIMARY KEY (kind, label, day, key_id, model, provider)
) STRICT, WITHOUT ROWID;

INSERT INTO daily
SELECT started_at / 86400000, key_id, coalesce(user_id, ''), coalesce(team_id, ''), '', model,
    upstream_model, provider, route, count(*), sum(ending = 'success'), sum(ending = 'failure'),
    sum(min(input_tokens, 1000000000000000)),
    sum(min(output_tokens, 1000000000000000)),
    sum(min(cached_input_tokens, 1000000000000000)),
    sum(min(cache_write_tokens, 1000000000000000)),
    sum(min(reasoning_tokens, 1000000000000000)),
    sum(min(audio_input_tokens, 1000000000000000)),
    sum(min(audio_output_tokens, 1000000000000000)),
    sum(min(charge_nano_usd, 1000000000000000)),
    sum(max(ended_at - started_at, 0))
FROM calls GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

UPDATE keys SET base = spend
    - coalesce((SELECT sum(charge_nano_usd) FROM daily WHERE daily.key_id = keys.hash), 0);

ALTER TABLE journal_positions ADD COLUMN replica TEXT NOT NULL DEFAULT '';

-- Keys that were made, changed or deleted, for processes that remember them. Spend is none of it.
CREATE TABLE key_changes (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL
) STRICT;

CREATE TRIGGER keys_made AFTER INSERT ON keys
BEGIN
    INSERT INTO key_changes (hash) VALUES (new.hash);
END;

CREATE TRIGGER keys_changed AFTER UPDATE OF
    name, alias, user_id, team_id, models, max_budget, rpm_limit, blocked, expires, extra ON keys
BEGIN
    INSERT INTO key_changes (hash) VALUES (new.hash);
END;

CREATE TRIGGER keys_deleted AFTER DELETE ON keys
BEGIN
    INSERT INTO key_changes (hash) VALUES (old.hash);
END;
