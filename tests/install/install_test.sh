#!/usr/bin/env bash
# Promise: what cmake --install puts down is enough for an application outside of the tree, by
# find_package(rocketmq) and by pkg-config, and for every example that docs/client.md shows.
# Usage: install_test.sh BUILD_FOLDER CXX_COMPILER
set -e
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$1" --component client --prefix "$folder/installed" >/dev/null
cmake -S sample -B "$folder/build" -DCMAKE_PREFIX_PATH="$folder/installed" \
  -DCMAKE_CXX_COMPILER="$2" >/dev/null
cmake --build "$folder/build"
"$folder/build/sample" | grep -F 127.0.0.1:1

PKG_CONFIG_PATH="$folder/installed/lib/pkgconfig"
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs rocketmq)"
"$2" -std=c++20 sample/main.cc -o "$folder/sample" "${flags[@]}"
"$folder/sample" | grep -F 127.0.0.1:1

built=0
for example in ../../client/examples/*.cc; do
  "$2" -std=c++20 -Wall -Wextra -Werror "$example" -o "$folder/example" "${flags[@]}"
  built=$((built + 1))
done
echo "$built examples built"
[ "$built" -ge 10 ]
