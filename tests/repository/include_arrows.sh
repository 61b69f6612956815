#!/usr/bin/env bash
# Promise: modules include only what the arrows of docs/architecture.md allow, and asio stays where
# sockets are. Prints each offending line.
cd "$(dirname "$0")/../.." || exit 1

# module: what it may include besides itself
declare -A allowed=(
  [common]=""
  [store]="common"
  [remoting]="common"
  [metrics]="common remoting"
  [namesrv]="common metrics remoting"
  [broker]="common metrics remoting store"
  [client]="common remoting rocketmq"
  [tools]="common client remoting rocketmq store"
)

bad=0
report() {
  if [ -n "$2" ]; then
    printf '%s\n%s\n' "$1" "$2"
    bad=1
  fi
}

modules="common store remoting metrics namesrv broker client tools tests"
for module in "${!allowed[@]}"; do
  for other in $modules rocketmq; do
    case " $module ${allowed[$module]} " in
      *" $other "*) continue ;;
    esac
    report "$module must not include $other:" \
      "$(grep -rnE "^#include [<\"]$other/" "$module" --include='*.h' --include='*.cc')"
  done
done

report "only mqstore may use the store among the tools:" \
  "$(grep -rnE '^#include "store/' tools --include='*.h' --include='*.cc' | grep -v '^tools/mqstore/')"
report "only mqbench may use the remoting layer among the tools:" \
  "$(grep -rnE '^#include "remoting/' tools --include='*.h' --include='*.cc' | grep -v '^tools/mqbench/')"
report "asio belongs to remoting, metrics, broker, namesrv and bodies of client:" \
  "$(grep -rnE '^#include [<"]asio' common store remoting/protocol tools client --include='*.h' --include='*.cc' |
    grep -vE '^client/[^:]*\.cc:')"
report "public headers include only the standard library and each other:" \
  "$(grep -rnE '^#include "' client/include | grep -v '"rocketmq/')"
exit $bad
