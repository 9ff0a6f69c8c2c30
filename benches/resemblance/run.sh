#!/bin/bash
# How well `--works` finds the same composition played anew, in one command: sets, index, scans, tables (markdown on stdout).
#
#   run.sh --dir DIR [--corpus CORPUS] [--midi MIDI] [--pop909 SONGS] [--soundalike BIN] [--threads 1] [-- OPTIONS of resemblance.py]
#
# Sets go to DIR (make.sh says what else is needed), index and records to DIR/results, kept apart for each binary, CORPUS [DIR/corpus] is
# that of ../robustness/run.sh. $SOUNDALIKE or --soundalike names a binary to use instead of building one.
# `-- --references 60 --null 60 --kinds 'pop-20s|same-20s'` is a short run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,9p' "$0" >&2; exit 2; }
dir=""; corpus=""; threads=1; rest=(); make=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --corpus) corpus=${2:?}; shift 2 ;;
    --midi|--pop909|--python) make+=("$1" "${2:?}"); shift 2 ;;
    --soundalike) SOUNDALIKE=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --) shift; rest=("$@"); break ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
mkdir -p "$dir"; dir=$(cd "$dir" && pwd); corpus=${corpus:-$dir/corpus}
if [ -z "${SOUNDALIKE:-}" ]; then
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
if [ ! -s "$dir/dev/truth.tsv" ] || [ ! -s "$dir/pop/test/truth.tsv" ]; then
  "$here/make.sh" --dir "$dir" --corpus "$corpus" ${make[@]+"${make[@]}"}
fi
build=$(sha256sum "$SOUNDALIKE" | cut -c1-10)
exec python3 "$here/resemblance.py" --sets "$dir" --corpus "$corpus" --split "$corpus/split-dev.tsv" --soundalike "$SOUNDALIKE" \
  --work "$dir/results/$build" --threads "$threads" ${rest[@]+"${rest[@]}"}
