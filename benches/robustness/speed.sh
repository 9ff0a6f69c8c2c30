#!/bin/bash
# CPU cost of indexing against bare decoding, ffmpeg and fpcalc: builds, then runs speed.py.
#
#   speed.sh --dir DIR [--split dev] [--files 40] [--repeats 5] [--opus]
#
# DIR holds the corpus (run.sh or fetch_corpus.sh brings it).  $SOUNDALIKE and $BARE_DECODE name
# binaries to use instead of building them.  Run it on a machine that does nothing else.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,7p' "$0" >&2; exit 2; }
dir=""; split=dev; rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --split) split=${2:?}; shift 2 ;;
    --files|--repeats) rest+=("$1" "${2:?}"); shift 2 ;;
    --opus) rest+=(--opus); shift ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
target=${CARGO_TARGET_DIR:-$repo/target}
if [ -z "${SOUNDALIKE:-}" ]; then
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=$target/release/soundalike
fi
if [ -z "${BARE_DECODE:-}" ]; then
  cargo build --release --locked -p soundalike-bench --bin bare_decode --manifest-path "$repo/Cargo.toml" >&2
  BARE_DECODE=$target/release/bare_decode
fi
mkdir -p "$dir/results"
exec python3 "$here/speed.py" --split "$dir/split-$split.tsv" --root "$dir" --soundalike "$SOUNDALIKE" \
  --bare "$BARE_DECODE" --json "$dir/results/speed.json" "${rest[@]}"
