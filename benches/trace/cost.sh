#!/bin/bash
# What listening for traces costs: user CPU of one process, one thread, on the same files.
#
#   cost.sh LIST [RUNS]
#
# LIST names audio files, one a line (whole tracks: 20 are enough); the first is also the reference of the scans.
# Told are seconds of `index add`, of `scan --no-trace` and of `scan`, and the difference of the scans as a share of
# indexing.  CPU and not time, so that other work on the machine matters little; $SOUNDALIKE names the binary.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,8p' "$0" >&2; exit 2; }
list=$(realpath "$1"); runs=${2:-3}; binary=${SOUNDALIKE:-soundalike}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
TIMEFORMAT=%U
cpu() { { time "$@" > /dev/null 2> "$work/errors"; } 2>&1 || { cat "$work/errors" >&2; exit 1; }; }
scan=("$binary" scan --threads 1 --references "$(head -n 1 "$list")" --files-from "$list"
      --format jsonl --no-cluster --no-evidence --exit-zero --quiet)
echo "| run | index add | scan --no-trace | scan | traces / indexing |"
echo "| --- | ---: | ---: | ---: | ---: |"
for run in $(seq "$runs"); do
  index=$(cpu "$binary" index add --threads 1 --index "$work/index-$run" --files-from "$list" --quiet)
  without=$(cpu "${scan[@]}" --no-trace)
  with=$(cpu "${scan[@]}")
  awk -v r="$run" -v i="$index" -v a="$without" -v b="$with" \
    'BEGIN { printf "| %d | %.2f s | %.2f s | %.2f s | %.1f %% |\n", r, i, a, b, 100 * (b - a) / i }'
done
