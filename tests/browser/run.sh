#!/bin/sh
# Tries the built gateway with real Chromium: frames, cookies and calls across sites, over real TLS.
# Needs target/release/tollgate, or the binary that TOLLGATE_BIN names.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/target/venv-browser"
stamp="$venv/installed"

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$stamp"
fi
cd "$here"
exec "$venv/bin/python" -m pytest -p no:cacheprovider "$@"
