#!/usr/bin/env bash
# Installs what the build needs and this machine lacks. Says nothing and takes no time when all is
# there. `make setup` calls it.
#
#   ops/setup.sh            what a build needs: C compiler, make, cmake, Rust with its wasm target
#   ops/setup.sh --dev      and rustfmt and clippy
#   ops/setup.sh --test     and Python with venv, for the tests with OpenAI's SDK, pebble, an ACME
#                           CA, for those of certificates, nginx and openssl, for the oracle, and
#                           PostgreSQL's programs, for those of the ledger
#   ops/setup.sh --browser  and Chromium, certutil, openssl and Python, for the tests with a browser
#   ops/setup.sh --conformance
#                           and Python with venv, pebble and certbot, for the tests with others'
#                           tools
#   ops/setup.sh --clients  and Python with venv, Node and npm, for the tests with clients' libraries
#   ops/setup.sh --bench    and nginx, wrk and openssl, for the comparison
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
packages=()

stop() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}

# Whether Python can make a virtual environment: Debian ships `venv` without what it needs.
has_venv() {
    has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null
}

# Whether PostgreSQL's programs are there: Debian keeps them out of the path.
has_postgres() {
    has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

# Installs the packages that were found missing, as root or through sudo.
install_packages() {
    [ ${#packages[@]} -gt 0 ] || return 0
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
    local line="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
    # No database may start with the machine: tests make their own.
    if [[ " ${packages[*]} " == *" postgresql "* ]]; then
        local settings=/etc/postgresql-common/createcluster.conf
        line="apt-get update && apt-get install -y --no-install-recommends postgresql-common && sed -i s/^#*create_main_cluster.*/create_main_cluster=false/ $settings && $line"
    fi
    local prefix=()
    if ! has apt-get; then
        stop "this machine has no apt-get; install what Debian calls: ${packages[*]}"
    elif [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            stop "packages are missing and only root can install them. Run this line, then try again:" \
                "  sudo sh -c '$line'"
        fi
        prefix=(sudo -n)
    fi
    echo "setup: installing ${packages[*]}"
    # A service that comes with a package, such as nginx's, must not be started.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        line="printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && trap 'rm -f $policy' EXIT && $line"
    fi
    "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive sh -c "$line" >/dev/null ||
        stop "the packages could not be installed; the reason stands above"
}

need() {
    has "$1" || packages+=("$2")
}

need_rust() {
    has cargo || stop "there is no cargo. Install Rust from https://rustup.rs, then try again."
    # With rustup, this installs the toolchain that rust-toolchain.toml names.
    cargo --version >/dev/null || stop "cargo does not run; the reason stands above"
    local libraries
    libraries=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
    if [ -n "$libraries" ] && [ -d "$libraries" ]; then
        return
    fi
    has rustup ||
        stop "the Rust target $target is missing and there is no rustup to add it." \
            "Install it with the tool that installed Rust, or install Rust from https://rustup.rs."
    rustup target add "$target" ||
        stop "rustup could not add $target. Check that the machine reaches the server rustup" \
            "downloads from (RUSTUP_DIST_SERVER), then run: rustup target add $target"
}

need_component() {
    "cargo-$2" --version >/dev/null 2>&1 && return
    has rustup || stop "cargo-$2 is missing and there is no rustup to add it"
    rustup component add "$1" || stop "rustup could not add the component $1"
}

need cc build-essential
need make build-essential
need cmake cmake
for part in "$@"; do
    case $part in
    --dev) ;;
    --test)
        has_venv || packages+=(python3 python3-venv)
        need pebble pebble
        need pebble-challtestsrv pebble
        need nginx nginx-light
        need openssl openssl
        has_postgres || packages+=(postgresql)
        ;;
    --browser)
        need chromium chromium
        need certutil libnss3-tools
        need openssl openssl
        has_venv || packages+=(python3 python3-venv)
        ;;
    --conformance)
        has_venv || packages+=(python3 python3-venv)
        need pebble pebble
        need pebble-challtestsrv pebble
        need certbot certbot
        ;;
    --clients)
        has_venv || packages+=(python3 python3-venv)
        need node nodejs
        need npm npm
        ;;
    --bench)
        need nginx nginx-light
        need wrk wrk
        need openssl openssl
        need python3 python3
        ;;
    *) stop "$part is no part: --dev, --test, --browser, --conformance, --clients or --bench" ;;
    esac
done
install_packages
need_rust
for part in "$@"; do
    if [ "$part" = --dev ]; then
        need_component rustfmt fmt
        need_component clippy clippy
    fi
done
