#!/bin/sh
# HTTP/2 by httpwg against the built gateway. httpwg is installed once, below target/tools, which
# takes two minutes or more: `make conformance-h2` runs this, and CI does not.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
version=0.2.5
tools="$root/target/tools"
if ! grep -q "^\"httpwg-cli $version " "$tools/.crates.toml" 2>/dev/null; then
    CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked \
        --root "$tools" "httpwg-cli@$version"
    rm -rf "$tools/build"
fi
export HTTPWG="$tools/bin/httpwg" RUST_BACKTRACE=0
exec "$here/run.sh" -s -k test_h2 "$@"
