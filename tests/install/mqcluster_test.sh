#!/usr/bin/env bash
# Promise: what cmake --install puts down runs by itself, and its bin/mqcluster starts every layout of
# conf/, whose slaves follow their masters, brings back what was killed, and stops all of it.
# Usage: mqcluster_test.sh BUILD_FOLDER
set -eu
unset ROCKETMQ_HOME ROCKETMQ_BUILD
folder=$(mktemp -d)
cmake --install "$1" --component server --prefix "$folder/rocketmq" >/dev/null
cd "$folder/rocketmq"
export ROCKETMQ_CLUSTER_DIR=$folder/cluster
cleanUp() {
  if [ -f "$ROCKETMQ_CLUSTER_DIR/pids" ]; then
    bin/mqcluster stop >/dev/null
  fi
  rm -rf "$folder"
}
trap cleanUp EXIT

fail() {
  echo "$*" >&2
  exit 1
}

# expect_running LAYOUT PROCESSES SLAVES
expect_running() {
  local deadline=$((SECONDS + 60))
  until bin/mqcluster status >"$folder/status" &&
    [ "$(grep -c ' runs (' "$folder/status")" = "$2" ] &&
    [ "$(grep -c ' OK ' "$folder/status")" = "$3" ]; do
    [ $SECONDS -lt $deadline ] || fail "$1: $(cat "$folder/status")"
    sleep 0.2
  done
}

# expect_comeback LAYOUT PROCESSES NAME: killed, NAME is the only one that is started again, and it
# has the port that it had.
expect_comeback() {
  local line pid
  line=$(grep " $3 " "$ROCKETMQ_CLUSTER_DIR/pids")
  pid=${line%% *}
  kill -9 "$pid"
  while [ -e "/proc/$pid/exe" ]; do
    sleep 0.1
  done
  bin/mqcluster start "$1" >"$folder/start" || fail "$1: $3 does not come back"
  [ "$(grep -c ' runs already' "$folder/start")" = "$(($2 - 1))" ] || fail "$(cat "$folder/start")"
  grep -q "^$3 *127.0.0.1:${line##* }\$" "$folder/start" || fail "$(cat "$folder/start")"
}

# replace_programs: as an update does, while they run.
replace_programs() {
  local program
  for program in libexec/rocketmq/rocketmq-*; do
    cp -p "$program" "$program.new"
    mv "$program.new" "$program"
  done
}

# expect_stopped NAME PROCESSES: stops them, and all of them are gone.
expect_stopped() {
  local pids pid
  pids=$(awk '{ print $1 }' "$ROCKETMQ_CLUSTER_DIR/pids")
  bin/mqcluster stop >"$folder/stop"
  [ "$(grep -c ' stopped' "$folder/stop")" = "$2" ] || fail "$1: $(cat "$folder/stop")"
  for pid in $pids; do
    [ ! -e "/proc/$pid/exe" ] || fail "$1: process $pid still runs"
  done
}

# expect_layout NAME PROCESSES SLAVES OTHER
expect_layout() {
  bin/mqcluster start "$1" >"$folder/start" || fail "$1 does not start"
  expect_running "$@"
  for name in namesrv broker-a; do
    expect_comeback "$1" "$2" $name
    expect_running "$@"
  done
  bin/mqcluster start "$4" 2>/dev/null && fail "$4 was started beside $1"
  replace_programs
  expect_running "$@"
  expect_stopped "$@"
  rm -rf "$ROCKETMQ_CLUSTER_DIR"
}

expect_layout 2m-noslave 3 0 2m-2s-sync
expect_layout 2m-2s-async 5 2 2m-noslave
expect_layout 2m-2s-sync 5 2 2m-noslave

# What is in conf/ besides is no layout. It says so from whatever folder it is called.
(cd .. && "./$(basename "$OLDPWD")/bin/mqcluster" start metrics 2>"$folder/usage") &&
  fail "conf/metrics was started"
grep -q '^  bin/mqcluster start 2m-2s-sync ' "$folder/usage" || fail "$(cat "$folder/usage")"
grep -q '^layouts: 2m-2s-async 2m-2s-sync 2m-noslave *$' "$folder/usage" || fail "$(cat "$folder/usage")"

# A layout is a name in conf/, and a relative folder one of the caller's.
bin/mqcluster start 2m-2s-sync/ 2>/dev/null && fail "2m-2s-sync/ was started"
said=$(cd "$folder" && ROCKETMQ_CLUSTER_DIR=here "$OLDPWD/bin/mqcluster" status) || true
[ "$said" = "no cluster runs in $(realpath "$folder")/here" ] || fail "$said"
