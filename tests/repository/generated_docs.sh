#!/usr/bin/env bash
# Promise: conf/*.conf and docs/configuration.md are what the settings tables say.
# Usage: generated_docs.sh GENDOCS_PROGRAM
cd "$(dirname "$0")/../.." || exit 1
fresh=$(mktemp -d) || exit 1
trap 'rm -rf "$fresh"' EXIT
"$1" "$fresh" || exit 1
stale=0
for file in conf/broker.conf conf/namesrv.conf docs/configuration.md docs/metrics-reference.md; do
  if ! diff -u "$file" "$fresh/$file"; then
    echo "$file is stale: run bin/gendocs"
    stale=1
  fi
done
exit $stale
