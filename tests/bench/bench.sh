#!/bin/sh
# Two tables: nginx, the edge alone and the whole pipeline on loopback over TLS in one run, and how
# late the events of many streams come.
# Needs wrk, nginx and openssl from Debian, the built gateway (TOLLGATE_BIN, else
# target/dist/tollgate, else target/release/tollgate) and the components in target/components.
# BENCH_ROUNDS (5) and BENCH_SECONDS (3) lengthen it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
for tool in wrk nginx openssl python3; do
    if ! command -v "$tool" >/dev/null && ! [ -x "/usr/sbin/$tool" ]; then
        echo "bench: $tool is missing; run: apt-get install -y wrk nginx-light openssl python3" >&2
        exit 69
    fi
done
cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p tollgate-test-upstream -p tollgate-test-load
python3 "$here/bench.py"
python3 "$here/streams.py"

# What a stage costs by itself: CPU time of its thread, nothing else running.
echo
cargo run --quiet --release --manifest-path "$root/Cargo.toml" -p tollgate-host --example stage_cost
