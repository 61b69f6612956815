#!/usr/bin/env bash
# Promise: every header compiles alone. Usage: self_contained_headers.sh COMPILER [FLAGS...]
cd "$(dirname "$0")/../.." || exit 1
bad=0
while read -r header; do
  if ! printf '#include "%s"\n' "$header" |
    "$@" -std=c++20 -I. -Iclient/include -fsyntax-only -x c++ - 2>/dev/null; then
    echo "does not compile alone: $header"
    bad=1
  fi
done < <(find client/include -name '*.h')
exit $bad
