# Shared by the scripts in bin/: POSIX sh, sourced with ROCKETMQ_HOME set.

# Prints the path of a program of ours: beside an installed bin/, or in the newest build.
rocketmq_program() {
  for candidate in \
    "$ROCKETMQ_HOME/libexec/rocketmq/$1" \
    "${ROCKETMQ_BUILD:-$ROCKETMQ_HOME/build/release}/bin/$1"; do
    if [ -x "$candidate" ]; then
      echo "$candidate"
      return 0
    fi
  done
  echo "$1 is not built yet; run bin/quickstart once, or: cmake --preset release && cmake --build --preset release" >&2
  return 1
}

# Takes what RocketMQ's users put into JAVA_OPT: -Drocketmq.namesrv.addr=... and -Duser.home=...
# Heap and other JVM settings mean nothing here.
rocketmq_java_opts() {
  ignored=""
  for option in ${JAVA_OPT:-} ${JAVA_OPTS:-} ${JAVA_OPT_EXT:-}; do
    case "$option" in
      -Drocketmq.namesrv.addr=*)
        NAMESRV_ADDR="${NAMESRV_ADDR:-${option#*=}}"
        export NAMESRV_ADDR
        ;;
      -Duser.home=*)
        HOME="${option#*=}"
        export HOME
        ;;
      *) ignored="$ignored $option" ;;
    esac
  done
  if [ -n "$ignored" ]; then
    echo "note: JAVA_OPT has no meaning here, ignored:$ignored" >&2
  fi
}

# Prints "pid" lines of running programs of ours called $1 that this user may signal.
rocketmq_pids() {
  for process in /proc/[0-9]*; do
    program=$(readlink "$process/exe" 2>/dev/null) || continue
    program=${program% (deleted)}
    if [ "${program##*/}" = "$1" ]; then
      echo "${process#/proc/}"
    fi
  done
}
