#!/usr/bin/env bash
# Promise: nothing in the tree names one machine: no absolute home or work folders, no package
# registry hosts.
cd "$(dirname "$0")/../.." || exit 1
found=$(grep -rnIE '(^|[^a-zA-Z.])/(root|home/[a-z]+)/|"resolved": *"http' . \
  --exclude-dir=.git --exclude-dir=build --exclude-dir=node_modules --exclude=no_local_paths.sh |
  grep -v '/home/rocketmq')
if [ -n "$found" ]; then
  echo "$found"
  exit 1
fi
