-- Money is in nano-dollars, times are Unix milliseconds. Keys are known by their SHA-256 only.

CREATE TABLE keys (
    hash       TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    alias      TEXT UNIQUE,
    user_id    TEXT,
    team_id    TEXT,
    models     TEXT NOT NULL,
    spend      INTEGER NOT NULL,
    max_budget INTEGER,
    rpm_limit  INTEGER,
    blocked    INTEGER,
    expires    INTEGER,
    extra      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

CREATE INDEX keys_by_time ON keys (created_at);

CREATE TABLE deleted_keys (
    id         INTEGER PRIMARY KEY,
    hash       TEXT NOT NULL,
    name       TEXT NOT NULL,
    alias      TEXT,
    user_id    TEXT,
    team_id    TEXT,
    models     TEXT NOT NULL,
    spend      INTEGER NOT NULL,
    max_budget INTEGER,
    rpm_limit  INTEGER,
    blocked    INTEGER,
    expires    INTEGER,
    extra      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    deleted_by TEXT NOT NULL
) STRICT;

CREATE INDEX deleted_keys_by_hash ON deleted_keys (hash, id);

CREATE TABLE calls (
    call_id             TEXT PRIMARY KEY NOT NULL,
    client_call_id      TEXT,
    key_id              TEXT NOT NULL,
    key_alias           TEXT,
    user_id             TEXT,
    team_id             TEXT,
    route               TEXT NOT NULL,
    dialect             TEXT NOT NULL,
    model               TEXT NOT NULL,
    deployment          TEXT NOT NULL,
    provider            TEXT NOT NULL,
    upstream_model      TEXT NOT NULL,
    stream              INTEGER NOT NULL,
    status              INTEGER NOT NULL,
    ending              TEXT NOT NULL,
    error               TEXT,
    input_tokens        INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens  INTEGER NOT NULL,
    reasoning_tokens    INTEGER NOT NULL,
    estimated           INTEGER NOT NULL,
    charge_nano_usd     INTEGER NOT NULL,
    parts               TEXT NOT NULL,
    pricing             TEXT NOT NULL,
    price_version       TEXT,
    reserved_nano_usd   INTEGER NOT NULL,
    started_at          INTEGER NOT NULL,
    first_byte_at       INTEGER,
    ended_at            INTEGER NOT NULL,
    plugins             TEXT NOT NULL
) STRICT;

CREATE INDEX calls_by_key_and_time ON calls (key_id, started_at);
CREATE INDEX calls_by_time ON calls (started_at);

-- How far each segment of the journal has been shipped.
CREATE TABLE journal_positions (
    segment   TEXT PRIMARY KEY NOT NULL,
    "offset"  INTEGER NOT NULL,
    last_hash TEXT NOT NULL
) STRICT;
