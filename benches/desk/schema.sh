#!/usr/bin/env bash
# Schemathesis against a service of the demo: no answer of 5xx, whatever is sent.
#   schema.sh BINARY [CASES for each request]
# Needs python3 with the package schemathesis (pip install schemathesis).
set -euo pipefail
binary=$(realpath "$1")
cases=${2:-20}
demo=$(cd "$(dirname "$0")/../../tests/data/demo" && pwd)
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
"$binary" index add --index index "$demo"/references/*.ogg --quiet 2>/dev/null
"$binary" serve --index index --state desk --who bench --listen 127.0.0.1:0 --reserve 0 \
  --allow-root "$demo" 2>said &
pid=$!
until grep -q 'listening on' said; do
  kill -0 "$pid" || { cat said; exit 1; }
  sleep 0.1
done
address=$(sed -n 's|.*listening on \(http://[0-9.:]*\)/.*|\1|p' said)
curl -sf -F "audio=@$demo/incoming/night-drive.mp3" "$address/v1/uploads" >/dev/null
# `not_a_server_error` alone: what is refused is refused with 4xx, which this is about.
schemathesis run "$address/openapi.json" --url "$address" --checks not_a_server_error \
  --max-examples "$cases" --phases examples,coverage,fuzzing --exclude-path-regex '/events$' \
  --suppress-health-check all --seed 1 --workers 2 --continue-on-failure
kill -0 "$pid" || { echo "the service ended"; cat said; exit 1; }
! grep -q 'panicked' said || { cat said; exit 1; }
