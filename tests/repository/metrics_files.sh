#!/usr/bin/env bash
# Promise: the example files of conf/metrics are what Prometheus takes, its alerts fire when they
# should, and they name only metrics that the daemons export.
cd "$(dirname "$0")/../../conf/metrics" || exit 1
promtool check rules rocketmq-alerts.yml || exit 1
promtool test rules ../../tests/repository/alerts_test.yml || exit 1
promtool check config prometheus.yml || exit 1
node -e 'JSON.parse(require("fs").readFileSync("grafana-dashboard.json", "utf8"))' || exit 1
bad=0
for metric in $(grep -ohE 'rocketmq_[a-z_]+' rocketmq-alerts.yml grafana-dashboard.json | sort -u); do
  case "$metric" in *_bucket | *_sum | *_count) metric=${metric%_*} ;; esac
  if ! grep -q "^| \`$metric\` |" ../../docs/metrics-reference.md; then
    echo "$metric is named in conf/metrics, but no daemon exports it"
    bad=1
  fi
done
exit $bad
