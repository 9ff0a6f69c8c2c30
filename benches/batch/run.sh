#!/bin/bash
# The batch benchmark in one command: planted families, clusters, tables; a large index; speed.
#
#   run.sh --dir DIR [--split dev] [--seed families-1] [--threads 2] [--only STEP[,STEP]]
#          [--riffusion FOLDER] [--tracks 10000] [--families 200] [--files 1000] [--repeats 3] [--fresh]
#
# Steps, all by default: families (500 uploads with 40 planted families, clustered and scored),
# many (an index of --tracks tracks with --families families, clustered and scored, with its time),
# speed (scan and cluster of --files files over index add of the same files, against the large index: pieces
# of real music, and the corpus with the families).  --riffusion adds the clips of real interpolations
# from that folder.
# Goes on where an earlier run stopped; results are kept apart for each build of the binary, --fresh
# throws those of this build away.  $SOUNDALIKE and $MANY_TRACKS name binaries to use instead of
# building them.  DIR is that of the robustness benchmark and gets about 1.5 GB more; times mean
# something on an idle machine only.  Tables go to stdout and DIR/results/batch-BUILD, progress to stderr.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,17p' "$0" >&2; exit 2; }
dir=""; split=dev; seed=families-1; threads=2; only=families,many,speed; riffusion=""
tracks=10000; families=200; files=1000; repeats=3; fresh=0
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --split) split=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --only) only=${2:?}; shift 2 ;;
    --riffusion) riffusion=${2:?}; shift 2 ;;
    --tracks) tracks=${2:?}; shift 2 ;;
    --families) families=${2:?}; shift 2 ;;
    --files) files=${2:?}; shift 2 ;;
    --repeats) repeats=${2:?}; shift 2 ;;
    --fresh) fresh=1; shift ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
say() { echo "run.sh: $*" >&2; }
wanted() { [[ ",$only," == *",$1,"* ]]; }

# 1. the binaries
target=${CARGO_TARGET_DIR:-$repo/target}/release
if [ -z "${SOUNDALIKE:-}" ] || { ! [ "$only" = families ] && [ -z "${MANY_TRACKS:-}" ]; }; then
  say "building"
  cargo build --release --locked --workspace --bin soundalike --bin many_tracks \
    --manifest-path "$repo/Cargo.toml" >&2
fi
SOUNDALIKE=${SOUNDALIKE:-$target/soundalike}
MANY_TRACKS=${MANY_TRACKS:-$target/many_tracks}
build=$(sha256sum "$SOUNDALIKE" | cut -c1-10)
results=$dir/results/batch-$build
[ $fresh = 0 ] || rm -rf "$results"
mkdir -p "$results"

# Exit code 1 means findings, 3 that some inputs could not be read: the tables show either.
checked() {
  local rc=0
  "$@" || rc=$?
  case $rc in 0|1) ;; 3) say "some inputs could not be read" ;; *) say "exit code $rc: $*"; exit 1 ;; esac
}
TIMEFORMAT='%R s wall, %U s user, %S s system'

# declared FILE: how this build takes a manifest
declared() {
  local option
  option=$("$SOUNDALIKE" cluster --help | grep -oE -m1 -e '--(manifest|metadata)\b' | head -1) || true
  [ -z "$option" ] || printf '%s\n' "$option" "$1"
}
# clustered NAME ARG...: records in NAME.jsonl, cost in NAME.time
clustered() {
  local name=$1; shift
  if [ ! -s "$results/$name.jsonl" ]; then
    say "clustering $name"
    { time checked "$SOUNDALIKE" cluster "$@" --format jsonl --exit-zero --threads "$threads" \
      > "$results/$name.part" 2>> "$results/$name.log"; } 2> "$results/$name.time"
    mv "$results/$name.part" "$results/$name.jsonl"
  fi
}
# tables NAME TITLE TRUTH
tables() {
  printf '\n## %s\n\n' "$2"
  echo "cluster: $(tail -1 "$results/$1.time")"
  echo
  python3 "$here/score_families.py" "$3" "$results/$1.jsonl" --md "$results/$1.md" --pairs "$results/$1-pairs.tsv"
}

# 2. the corpus
[ -s "$dir/split-$split.tsv" ] || { say "fetching the corpus"; "$here/../robustness/fetch_corpus.sh" "$dir" "$split" >&2; }

# 3. planted families
batch=$dir/families
[ "$seed" = families-1 ] || batch=$dir/families-$seed
if wanted families || wanted speed; then
  say "making families in $batch, unless they are there"
  python3 "$here/make_families.py" --split "$dir/split-$split.tsv" --split-name "$split" --root "$dir" --seed "$seed" \
    --out "$batch" --jobs "$threads" >&2
fi
if wanted families; then
  mapfile -t manifest < <(declared "$batch/manifest.csv")
  clustered "$seed" "$batch/uploads" "${manifest[@]}"
  tables "$seed" "Planted families" "$batch/truth.tsv"
fi
if [ -n "$riffusion" ]; then
  python3 "$here/make_families.py" --riffusion "$riffusion" --out "$dir/families-riffusion" --jobs "$threads" >&2
  mapfile -t manifest < <(declared "$dir/families-riffusion/manifest.csv")
  clustered riffusion "$dir/families-riffusion/uploads" "${manifest[@]}"
  tables riffusion "Riffusion interpolations" "$dir/families-riffusion/truth.tsv"
fi

# 4. an index of the corpus, and a large one made from its peaks
corpus=$results/corpus.index
if wanted many || wanted speed; then
  if [ ! -e "$results/indexed" ]; then
    say "indexing the corpus"
    rm -rf "$corpus"
    awk -F'\t' -v d="$dir" -v s="$split" 'NR==1 {for (i=1; i<=NF; i++) c[$i]=i; next}
      $c["split"]==s {print d "/" $c["file"]}' "$dir/split-$split.tsv" > "$results/corpus.txt"
    checked "$SOUNDALIKE" index add --files-from "$results/corpus.txt" --index "$corpus" --threads "$threads" \
      > "$results/index.log"
    touch "$results/indexed"
  fi
fi
if wanted many || wanted speed; then
  many=$results/many-$tracks-$families
  if [ ! -s "$many.tsv" ]; then
    say "making an index of $tracks tracks with $families families"
    rm -rf "$many.index"
    "$MANY_TRACKS" "$corpus" "$many.index" "$tracks" "$families" "$many.tsv.part"
    mv "$many.tsv.part" "$many.tsv"
  fi
fi
if wanted many; then
  clustered "many-$tracks-$families" --index "$many.index"
  tables "many-$tracks-$families" "$tracks tracks from an index" "$many.tsv"
fi

# 5. scan against index add: real music in which little is there twice, and a batch of which a third is
if wanted speed; then
  python3 "$here/make_pieces.py" --split "$dir/split-$split.tsv" --split-name "$split" --root "$dir" --out "$dir/pieces" >&2
  cost() {
    local name=$1; shift
    printf '\n## Cost of a batch: %s\n\n' "$name"
    python3 "$here/batch_speed.py" --soundalike "$SOUNDALIKE" --references "$many.index" --files "$files" --repeats "$repeats" \
      --threads "$threads" --json "$results/speed-$name.json" "$@" | tee "$results/speed-$name.md"
  }
  cost pieces "$dir/pieces"
  cost families "$dir/unpacked" "$batch/uploads" "$dir/families-riffusion/uploads"
fi
say "tables and records are in $results"
