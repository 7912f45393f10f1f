#!/bin/sh
# A PostgreSQL of its own for tests: made in a folder, on a Unix socket there and nowhere else, run
# as somebody who is not root, and gone when standard input ends, however its reader died.
#
#   cluster.sh FOLDER       says `ready`, then obeys lines: `stop` (at once, as a crash would),
#                           `start`, `freeze` and `thaw` (it hangs); each answered by `ok`
set -eu
# The end of standard input is the one signal to end.
trap '' INT TERM
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v postgres)")
folder=$1
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    setpriv --reuid=postgres --regid=postgres --init-groups sh "$0" "$folder" || true
    rmdir "$folder"
    exit
fi
cd "$folder"
"$bin/initdb" -D data -U tollgate -A trust -N --no-instructions -E UTF8 --locale=C >initdb.log 2>&1 ||
    { cat initdb.log >&2; exit 1; }
start() {
    "$bin/postgres" -D data -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=400 \
        -c shared_buffers=64MB -c full_page_writes=off </dev/null >>postgres.log 2>&1 &
    pid=$!
    tries=0
    until "$bin/psql" -h "$folder" -U tollgate -d postgres -qc 'SELECT 1' >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] && kill -0 "$pid" 2>/dev/null || { cat postgres.log >&2; exit 1; }
        sleep 0.1
    done
}
# What it forked is in its own sessions: they are found by their parent.
everybody() {
    kill "-$1" "$pid" $(ps -o pid= --ppid "$pid") 2>/dev/null || true
}
end() {
    everybody CONT
    kill "-$1" "$pid" 2>/dev/null || true
    wait "$pid" || true
}
start
echo ready
while read -r line; do
    case $line in
    stop) end QUIT ;;
    start) start ;;
    freeze) everybody STOP ;;
    thaw) everybody CONT ;;
    esac
    echo ok
done
end QUIT
rm -rf "$folder"/*
