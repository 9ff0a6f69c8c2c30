#!/bin/bash
# The robustness benchmark in one command: corpus, queries, index, scan, tables.
#
#   run.sh --dir DIR [--split dev] [--scale 1.0] [--seed dev-2026-1] [--threads 2]
#          [--label NAME] [--chromaprint] [--depth DEPTH] [--fresh]
#
# Goes on where an earlier run stopped; results are kept apart for each build of the binary.
#   --scale 0.1     a tenth of the queries       --seed     another seed, other queries
#   --chromaprint   also scores the Chromaprint peer (needs fpcalc and numpy)
#   --depth thorough   scans with that option, into results of their own
#   --fresh         indexes and scans again, even if this binary has done so before
# $SOUNDALIKE names a binary to use instead of building one; CORPUS_PACKAGES another package list.
# DIR takes about 2.5 GB; keep it outside the repository.  Tables go to stdout and to
# DIR/results/NAME/tables.md, progress to stderr.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,14p' "$0" >&2; exit 2; }
dir=""; split=dev; scale=1.0; seed=dev-2026-1; threads=2; label=""; peer=0; fresh=0; depth=""
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --split) split=${2:?}; shift 2 ;;
    --scale) scale=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --label) label=${2:?}; shift 2 ;;
    --chromaprint) peer=1; shift ;;
    --depth) depth="--depth ${2:?}"; shift 2 ;;
    --fresh) fresh=1; shift ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
say() { echo "run.sh: $*" >&2; }

# 1. the binary
if [ -z "${SOUNDALIKE:-}" ]; then
  say "building"
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
build=$(sha256sum "$SOUNDALIKE" | cut -c1-10)
label=${label:-$("$SOUNDALIKE" --version | tr ' /' '--')}

# 2. corpus and queries
[ -s "$dir/split-$split.tsv" ] || { say "fetching the corpus"; "$here/fetch_corpus.sh" "$dir" "$split" >&2; }
name=$split
[ "$seed" = dev-2026-1 ] || name=$name-$seed
case $scale in 1|1.0) ;; *) name=$name-x$scale ;; esac
queries=$dir/queries/$name
if [ ! -s "$queries/truth.tsv" ]; then
  say "making queries in $queries"
  python3 "$here/make_queries.py" --split "$dir/split-$split.tsv" --root "$dir" --name "$split" --seed "$seed" \
    --scale "$scale" --out "$queries" --jobs "$threads" >&2
fi

# 3. lists
results=$dir/results/$name-$build${depth:+-${depth#--depth }}
[ $fresh = 0 ] || rm -rf "$results"
mkdir -p "$results"
awk -F'\t' -v d="$dir" -v s="$split" 'NR==1 {for (i=1; i<=NF; i++) c[$i]=i; next}
  $c["role"]=="ref" && $c["split"]==s {print d "/" $c["file"]}' "$dir/split-$split.tsv" > "$results/refs.txt"
tail -n +2 "$queries/truth.tsv" | cut -f1 | awk -v d="$queries" '!seen[$0]++ {print d "/" $0}' > "$results/queries.txt"
say "$(wc -l < "$results/refs.txt") references, $(wc -l < "$results/queries.txt") queries, binary $build"

# 4. index and scan; exit code 3 means that some inputs could not be read, which the tables show
checked() {
  local rc=0
  "$@" || rc=$?
  case $rc in 0) ;; 3) say "some inputs could not be read" ;; *) say "exit code $rc: $*"; exit 1 ;; esac
}
index=$results/index
if [ ! -e "$results/indexed" ]; then
  say "indexing"
  rm -rf "$index"
  checked "$SOUNDALIKE" index add --files-from "$results/refs.txt" --index "$index" --threads "$threads" \
    > "$results/index.log"
  touch "$results/indexed"
fi
if [ ! -s "$results/records.jsonl" ]; then
  say "scanning"
  checked "$SOUNDALIKE" scan --files-from "$results/queries.txt" --index "$index" --format jsonl \
    --min-level candidate --exit-zero --no-cluster --no-evidence $depth --threads "$threads" > "$results/records.part"
  mv "$results/records.part" "$results/records.jsonl"
fi

# 5. the peer, and the tables
score=(python3 "$here/score.py" "$queries/truth.tsv" "$results/records.jsonl")
labels=(--label "$label")
if [ $peer = 1 ]; then
  [ -s "$dir/results/$name-chromaprint.jsonl" ] || { say "scanning with Chromaprint"
    python3 "$here/chromaprint_match.py" --refs "$results/refs.txt" --queries "$results/queries.txt" --jobs "$threads" \
      --cache "$dir/results/chromaprint-prints" --out "$dir/results/$name-chromaprint.jsonl"; }
  score+=("$dir/results/$name-chromaprint.jsonl"); labels+=(--label "Chromaprint + matcher")
fi
"${score[@]}" --root "$dir" --same-piece "$here/same_piece.tsv" "${labels[@]}" \
  --md "$results/tables.md" --tsv "$results/tables.tsv" --misses "$results/misses.tsv"
say "tables and misses are in $results"
