#!/usr/bin/env bash
# Promise: code in docs/client.md that says where it is from is there, word for word; what is there
# is compiled. A line "<!-- from FILE -->" comes right before the code block.
cd "$(dirname "$0")/../.." || exit 1
failed=0
blocks=0
file=
block=
inside=0
while IFS= read -r line; do
  if [[ $line =~ ^'<!-- from '(.*)' -->'$ ]]; then
    file=${BASH_REMATCH[1]}
  elif [[ $line == '```'* && -n $file && $inside -eq 0 ]]; then
    inside=1
    block=
  elif [[ $line == '```' && $inside -eq 1 ]]; then
    blocks=$((blocks + 1))
    if [[ ! -f $file || $(<"$file") != *"${block%$'\n'}"* ]]; then
      echo "docs/client.md shows what is not in $file:"
      echo "$block"
      failed=1
    fi
    inside=0
    file=
  elif [[ $inside -eq 1 ]]; then
    block+=$line$'\n'
  fi
done <docs/client.md
if [ $blocks -lt 10 ]; then
  echo "only $blocks blocks found in docs/client.md"
  failed=1
fi
exit $failed
