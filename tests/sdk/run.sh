#!/bin/sh
# Tries the built gateway with OpenAI's own Python SDK. Needs target/release/tollgate.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/target/venv"
stamp="$venv/installed"

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$stamp"
fi
cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p tollgate-test-upstream
exec "$venv/bin/python" -m pytest -p no:cacheprovider "$here" "$@"
