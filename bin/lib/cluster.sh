# Builds, and starts and stops a name server and a broker on loopback; sourced (bash), with
# ROCKETMQ_HOME as the current folder.

# build_release TARGET...: configures once, then builds; prints only what goes wrong and a result.
build_release() {
  local log=build/release/build.log
  mkdir -p build/release
  if [ ! -f build/release/build.ninja ]; then
    cmake --preset release -DROCKETMQ_TESTS=OFF >"$log" 2>&1 || {
      tail -40 "$log" >&2
      return 1
    }
  fi
  local started=$SECONDS
  if [ -t 1 ]; then
    cmake --build build/release --target "$@" || return 1
  else
    cmake --build build/release --target "$@" >"$log" 2>&1 || {
      tail -60 "$log" >&2
      return 1
    }
  fi
  echo "built in $((SECONDS - started)) s"
}

# is_free PORT: true when nobody listens on it on loopback.
is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port START [COUNT]: the first loopback port from START on that nobody listens on, nor on the
# next COUNT - 1.
free_port() {
  local port next taken
  for ((port = $1; port < $1 + 200; port += 10)); do
    taken=
    for ((next = port; next < port + ${2:-1}; next++)); do
      is_free "$next" || taken=$next
    done
    if [ -z "$taken" ]; then
      echo "$port"
      return 0
    fi
  done
  echo "no free port between $1 and $port" >&2
  return 1
}

# await_line FILE TEXT PID SECONDS: waits until FILE has TEXT; fails when PID is gone or time is up.
await_line() {
  local end=$((SECONDS + $4))
  until grep -q "$2" "$1" 2>/dev/null; do
    if ! kill -0 "$3" 2>/dev/null || [ $SECONDS -ge $end ]; then
      cat "$1" >&2
      return 1
    fi
    sleep 0.02
  done
}

# Starts both with $data, $namesrv_port, $broker_port; sets namesrv_pid and broker_pid.
start_cluster() {
  cat >"$data/namesrv.conf" <<END
listenPort=$namesrv_port
bindAddress=127.0.0.1
kvConfigPath=$data/namesrv/kvConfig.json
configStorePath=$data/namesrv/namesrv.properties
logDir=$data/logs
END
  cat >"$data/broker.conf" <<END
brokerClusterName=DefaultCluster
brokerName=broker-a
brokerId=0
brokerIP1=127.0.0.1
listenPort=$broker_port
storePathRootDir=$data/store
logDir=$data/logs
END
  bin/mqnamesrv -c "$data/namesrv.conf" >"$data/namesrv.out" 2>&1 &
  namesrv_pid=$!
  await_line "$data/namesrv.out" 'boot success' "$namesrv_pid" 10 || return 1
  bin/mqbroker -n "127.0.0.1:$namesrv_port" -c "$data/broker.conf" >"$data/broker.out" 2>&1 &
  broker_pid=$!
  await_line "$data/broker.out" 'boot success' "$broker_pid" 10 || return 1
  cat "$data/namesrv.out" "$data/broker.out"
}

# stop_pid PID: SIGTERM, then waits; nothing when PID is empty or gone.
stop_pid() {
  if [ -n "$1" ] && kill "$1" 2>/dev/null; then
    wait "$1" 2>/dev/null
  fi
}
