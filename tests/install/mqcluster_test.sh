#!/usr/bin/env bash
# Promise: bin/mqcluster starts every layout of conf/, whose slaves follow their masters, and stops
# all of it.
# Usage: mqcluster_test.sh BUILD_FOLDER
set -eu
cd "$(dirname "$0")/../.."
export ROCKETMQ_BUILD=$1
folder=$(mktemp -d)
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

# expect_layout NAME PROCESSES SLAVES
expect_layout() {
  bin/mqcluster start "$1" >"$folder/start" || fail "$1 does not start"
  local deadline=$((SECONDS + 60))
  until bin/mqcluster status >"$folder/status" &&
    [ "$(grep -c ' runs (' "$folder/status")" = "$2" ] &&
    [ "$(grep -c ' OK ' "$folder/status")" = "$3" ]; do
    [ $SECONDS -lt $deadline ] || fail "$1: $(cat "$folder/status")"
    sleep 0.2
  done
  bin/mqcluster start "$1" 2>/dev/null && fail "$1 was started twice"
  bin/mqcluster stop >"$folder/stop"
  [ "$(grep -c ' stopped' "$folder/stop")" = "$2" ] || fail "$1: $(cat "$folder/stop")"
  rm -rf "$ROCKETMQ_CLUSTER_DIR"
}

expect_layout 2m-noslave 3 0
expect_layout 2m-2s-async 5 2
expect_layout 2m-2s-sync 5 2

# What is in conf/ besides is no layout.
bin/mqcluster start metrics 2>"$folder/usage" && fail "conf/metrics was started"
grep -q '^layouts: 2m-2s-async 2m-2s-sync 2m-noslave *$' "$folder/usage" || fail "$(cat "$folder/usage")"
