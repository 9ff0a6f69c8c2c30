#!/bin/bash
# The benchmark of kinds in one command: corpus, scores, pairs, comparisons, tables.
#
#   run.sh --dir DIR [--seed kinds-1] [--scale 1.0] [--jobs 1] [--riffusion FOLDER] [--only REGEX] [--fresh]
#
# DIR is the folder of ../robustness (it brings the corpus) and takes 2 GB more for a seed; keep it outside
# the repository.  DIR/midi must hold pop909/NNN/NNN.mid (github.com/music-x-lab/POP909-Dataset, MIT) and may hold
# pieces.tsv with other scores; FOLDER (else DIR/riffusion) holds typing_to_jazz.mp3, detroit_rap_to_jazz_denoising_0_6_seed_50.mp3,
# arabic_gospel.mp3, funky_sax.mp3 and funky_sax_to_piano.mp3 of github.com/riffusion/riffusion-app-hobby (public/, MIT).
#   --seed    kinds-1 is for development; kinds-2 has other music and is for judging.  Odd and even share nothing
#   --fresh   compares again, even if this binary has done so before
# $SOUNDALIKE names a binary to use instead of building one.  Tables go to stdout and DIR/kinds/results.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,13p' "$0" >&2; exit 2; }
dir=""; seed=kinds-1; scale=1.0; jobs=1; riffusion=""; only=""; fresh=0
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --scale) scale=${2:?}; shift 2 ;;
    --jobs) jobs=${2:?}; shift 2 ;;
    --riffusion) riffusion=${2:?}; shift 2 ;;
    --only) only=${2:?}; shift 2 ;;
    --fresh) fresh=1; shift ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
riffusion=${riffusion:-$dir/riffusion}
say() { echo "run.sh: $*" >&2; }

if [ -z "${SOUNDALIKE:-}" ]; then
  say "building"
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
[ -s "$dir/split-dev.tsv" ] || { say "fetching the corpus"; "$here/../robustness/fetch_corpus.sh" "$dir" dev >&2; }
name=$seed
case $scale in 1|1.0) ;; *) name=$name-x$scale ;; esac
out=$dir/kinds/$name
say "making pairs in $out"          # goes on where it stopped
python3 "$here/make_kinds.py" --corpus "$dir" --midi "$dir/midi" --riffusion "$riffusion" --out "$out" --seed "$seed" \
  --scale "$scale" --jobs "$jobs" >&2
build=$(sha256sum "$SOUNDALIKE" | cut -c1-10)
results=$dir/kinds/results/$name-$build
mkdir -p "$results"
[ $fresh = 0 ] || rm -f "$results/records.jsonl"
say "comparing with binary $build"
python3 "$here/kinds.py" "$out" --soundalike "$SOUNDALIKE" --jobs "$jobs" --only "$only" --records "$results/records.jsonl" \
  --md "$results/tables.md" --tsv "$results/pairs.tsv"
say "tables and pairs are in $results"
