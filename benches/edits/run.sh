#!/bin/bash
# Edited copies in one command: corpus, copies, index, scans, comparisons, groups, tables.
#
#   run.sh --dir DIR [--seed edits-1] [--per 10] [--threads 2] [--corpus CORPUS] [-- OPTIONS of edits.py]
#
# Copies and results go to DIR/SEED (about 1.3 GB), the corpus to CORPUS [DIR/corpus]: another 2.5 GB, or
# the DIR of ../robustness/run.sh. Goes on where an earlier run stopped; results are kept apart for each binary.
# $SOUNDALIKE names a binary to use instead of building one. Seeds that end in an odd number use other
# tracks than those that end in an even one: look at edits-1, keep edits-2 to judge.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,9p' "$0" >&2; exit 2; }
dir=""; seed=edits-1; per=10; threads=2; corpus=""; rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --per) per=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --corpus) corpus=${2:?}; shift 2 ;;
    --) shift; rest=("$@"); break ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
corpus=${corpus:-$dir/corpus}
mkdir -p "$dir" "$corpus"
if [ -z "${SOUNDALIKE:-}" ]; then
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
[ -s "$corpus/split-dev.tsv" ] || "$here/../robustness/fetch_corpus.sh" "$corpus" dev >&2
[ -s "$dir/$seed/truth.tsv" ] || python3 "$here/make_edits.py" --split "$corpus/split-dev.tsv" --root "$corpus" \
  --seed "$seed" --per "$per" --out "$dir/$seed" >&2
exec python3 "$here/edits.py" "$dir/$seed" --root "$corpus" --soundalike "$SOUNDALIKE" --threads "$threads" \
  ${rest[@]+"${rest[@]}"}
