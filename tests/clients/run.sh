#!/bin/sh
# Tries the built gateway with clients that people use, from PyPI and npm, and compares the table of
# what works with RESULTS.md; TOLLGATE_BLESS=1 writes it instead. Needs target/release/tollgate, or
# the binary that TOLLGATE_BIN names. With --direct it asks the scripted providers without a
# gateway between, which tells a client's or a provider's fault from the gateway's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/target/venv-clients"
modules="$root/target/clients"

if ! cmp -s "$here/requirements.txt" "$venv/installed"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed"
fi
mkdir -p "$modules"
if ! cmp -s "$here/package-lock.json" "$modules/installed"; then
    cp "$here/package.json" "$here/package-lock.json" "$modules"
    npm ci --prefix "$modules" --silent --no-audit --no-fund --ignore-scripts
    cp "$here/package-lock.json" "$modules/installed"
fi
# Node looks for modules beside the file that wants them.
cp "$here"/node/*.mjs "$modules"
cd "$here"
exec "$venv/bin/python" -m pytest -p no:cacheprovider "$@"
