#!/bin/bash
# Where one server spends its time in one scenario: system calls (strace -c) and hot spots (perf).
#
#   bench/profile.sh 'CORK=1 target/release/limit' 'rooms --conns 2000 --rooms 200 --size 64'
#
# The server gets PORT and core 0, the load generator core 1, as in `cargo xtask bench`. The counts of calls
# are of two seconds under strace, which slows the server down: compare them with each other, not with time.
# TOP=N changes how many symbols are listed, NOSTRACE=1 leaves the first half out.
set -eu
cd "$(dirname "$0")/.."
[ $# -eq 2 ] || { sed -n '2,8p' "$0"; exit 2; }
server=$1 scenario=$2
loadgen=${LOADGEN:-${CARGO_TARGET_DIR:-target}/release/loadgen}
port=$((23000 + RANDOM % 2000))
results=$(mktemp -d)

PORT=$port taskset -c 0 sh -c "exec env $server" >/dev/null 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null; rm -r "$results"' EXIT
until (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do
  kill -0 $pid || { echo "the server ended before it listened" >&2; exit 1; }
  sleep 0.1
done

# Drives the server for a warm-up and a window, both in seconds, in the background.
drive() { # shellcheck disable=SC2086
  taskset -c 1 "$loadgen" $scenario --spin --port $port --pid $pid --warm "$1" --secs "$2" >"$results/line" &
  driver=$!
}

if [ -z "${NOSTRACE:-}" ]; then
  drive 1.5 4
  sleep 1.8
  timeout 2 strace -f -c -qq -p $pid -o "$results/calls" || true
  wait $driver
  echo "== system calls in two seconds"
  head -12 "$results/calls"
fi

drive 1 4
sleep 1.3
perf record -q -e cpu-clock -F 1999 -g -p $pid -o "$results/perf" -- sleep 3 >/dev/null 2>&1
wait $driver
echo "== what the load generator saw"
cat "$results/line"
for sort in dso symbol; do
  echo "== self time by $sort"
  perf report -i "$results/perf" --no-children --sort $sort -g none 2>/dev/null |
    grep -v -e '^#' -e '^$' | cut -c1-140 | head -"${TOP:-30}"
done
