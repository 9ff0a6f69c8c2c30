#!/bin/bash
# Does the E-value hold on short pieces of unknown music? Expected against observed chance matches.
#
#   unknown.sh --dir DIR [--out DIR/unknown] [--pieces 12000] [--only CLASS]... [--pop909 FOLDER]
#              [--seed unknown-1] [--threads 1] [--limit-minutes M] [--folds 4] [--fresh]
#
# DIR holds the corpus (fetch_corpus.sh); pieces and results go to --out, some 4 GB. Goes on where an
# earlier run stopped; results are kept apart for each build of the binary.
#   --pieces 1200        a tenth of every class        --only music    that class alone (see unknown.py)
#   --limit-minutes 10   starts no further scan after that long; tables are of what was scanned
# $SOUNDALIKE names a binary to use instead of building one, $PYTHON a python with numpy.
# Needs ffmpeg, sox, and fluidsynth with FluidR3_GM.sf2 and TimGM6mb.sf2 (--soundfont, --soundfont2) for the made classes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,13p' "$0" >&2; exit 2; }
dir=""; out=""; rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --out) out=${2:?}; shift 2 ;;
    --fresh) rest+=("$1"); shift ;;
    --pieces|--only|--pop909|--seed|--threads|--limit-minutes|--folds|--split|--soundfont|--soundfont2) rest+=("$1" "${2:?}"); shift 2 ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
if [ -z "${SOUNDALIKE:-}" ]; then
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
mkdir -p "${out:=$dir/unknown}"
export OPENBLAS_NUM_THREADS=1  # the machine may be shared
exec "${PYTHON:-python3}" "$here/unknown.py" --dir "$dir" --out "$out" --binary "$SOUNDALIKE" ${rest[@]+"${rest[@]}"}
