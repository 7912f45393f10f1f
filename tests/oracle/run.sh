#!/bin/sh
# Asks nginx and the built gateway the same and compares. Needs nginx, openssl and the gateway
# (TOLLGATE_BIN, else target/release/tollgate). `run.sh --help` tells what else it can do.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/target/oracle-venv"
stamp="$venv/installed"

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    mkdir -p "$root/target"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$stamp"
fi
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" "$here/oracle.py" "$@"
