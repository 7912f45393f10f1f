#!/bin/sh
# What others' tools find of the built gateway (target/release/tollgate or TOLLGATE_BIN): TLS by
# sslyze, certificates from an ACME CA by pebble and beside certbot, gRPC. Arguments go to pytest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/target/venv-conformance"
stamp="$venv/installed"

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$stamp"
fi
exec "$venv/bin/python" -m pytest -p no:cacheprovider "$here" "$@"
