#!/bin/bash
# The benchmark of decoder traces in one command: corpus, versions, codec, scans, tables.
#
#   run.sh --dir DIR --riffusion FOLDER [--jobs 1] [--human 150] [--riffused 56]
#
# DIR is the folder of ../robustness (it brings the corpus) and takes 2.5 GB more; keep it outside the repository.
# FOLDER holds output of Riffusion v1 (github.com/riffusion/riffusion-app-hobby, public/, MIT).
# $SOUNDALIKE names a binary to use instead of building one.  Tables go to stdout and DIR/traced/results.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,9p' "$0" >&2; exit 2; }
dir=""; riffusion=""; jobs=1; human=150; riffused=56
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --riffusion) riffusion=${2:?}; shift 2 ;;
    --jobs) jobs=${2:?}; shift 2 ;;
    --human) human=${2:?}; shift 2 ;;
    --riffused) riffused=${2:?}; shift 2 ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] && [ -n "$riffusion" ] || usage
mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
say() { echo "run.sh: $*" >&2; }

if [ -z "${SOUNDALIKE:-}" ]; then
  say "building"
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
[ -s "$dir/split-dev.tsv" ] || { say "fetching the corpus"; "$here/../robustness/fetch_corpus.sh" "$dir" dev >&2; }
out=$dir/traced
say "making material in $out"          # goes on where it stopped
python3 "$here/make_traced.py" --corpus "$dir" --riffusion "$riffusion" --out "$out" --jobs "$jobs" --human "$human" \
  --riffused "$riffused" >&2
build=$(sha256sum "$SOUNDALIKE" | cut -c1-10)
results=$out/results/$build
mkdir -p "$results"
cut -f1 "$dir/split-dev.tsv" | tail -n +2 | sed "s|^|$dir/|" > "$results/whole.txt"
say "scanning with binary $build"
python3 "$here/traced.py" "$out" --soundalike "$SOUNDALIKE" --records "$results/records.jsonl" --md "$results/tables.md" \
  --also "$results/whole.txt"
say "tables and records are in $results"
