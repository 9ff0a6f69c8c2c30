#!/bin/bash
# Chains of excerpts in one command: corpus, queries, index, scans, tables.
#
#   run.sh --dir DIR [--seed chains-1] [--levels hard:60,medium:40,easy:40,unknown:15] [--threads 2]
#          [--corpus CORPUS] [--index INDEX] [-- OPTIONS of chains.py]
#
# Queries and results go to DIR/SEED (about 0.5 GB), the corpus to CORPUS [DIR/corpus]: another 2.5 GB, or the
# DIR of ../robustness/run.sh. INDEX may be an index of the same references by the same build. Goes on where an
# earlier run stopped; results are kept apart for each binary. $SOUNDALIKE names a binary to use
# instead of building one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,10p' "$0" >&2; exit 2; }
dir=""; seed=chains-1; levels=hard:60,medium:40,easy:40,unknown:15; threads=2; corpus=""; rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --levels) levels=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --corpus) corpus=${2:?}; shift 2 ;;
    --index) rest+=(--index "${2:?}"); shift 2 ;;
    --) shift; rest+=("$@"); break ;;
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
[ -s "$dir/$seed/truth.tsv" ] || python3 "$here/make_chains.py" --split "$corpus/split-dev.tsv" --root "$corpus" \
  --seed "$seed" --levels "$levels" --out "$dir/$seed" >&2
exec python3 "$here/chains.py" "$dir/$seed" --split "$corpus/split-dev.tsv" --root "$corpus" --soundalike "$SOUNDALIKE" \
  --threads "$threads" ${rest[@]+"${rest[@]}"}
