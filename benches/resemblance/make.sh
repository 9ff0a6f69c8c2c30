#!/bin/bash
# All sets of the resemblance benchmark in one command; goes on where an earlier run stopped.
#
#   make.sh --dir DIR [--corpus CORPUS] [--midi MIDI] [--pop909 SONGS] [--train] [--python PYTHON]
#
# Writes DIR/dev and DIR/pop/test (about 0.5 GB); with --train DIR/pop/train too (another 0.7 GB; needed by train.py alone).
# CORPUS is the folder of ../robustness/fetch_corpus.sh [DIR/corpus], MIDI that of fetch_midi.sh [DIR/midi], SONGS the folder POP909 of
# github.com/music-x-lab/POP909-Dataset: NNN/NNN.mid and NNN/versions [DIR/pop909]. PYTHON [python3] must have numpy.
# Needs fluidsynth, sox and ffmpeg. POP909's songs are other people's works: keep DIR out of the repository.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '2,10p' "$0" >&2; exit 2; }
dir=""; corpus=""; midi=""; pop909=""; only="--only test"; python=python3
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --corpus) corpus=${2:?}; shift 2 ;;
    --midi) midi=${2:?}; shift 2 ;;
    --pop909) pop909=${2:?}; shift 2 ;;
    --python) python=${2:?}; shift 2 ;;
    --train) only=""; shift ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
mkdir -p "$dir"
corpus=${corpus:-$dir/corpus}; midi=${midi:-$dir/midi}; pop909=${pop909:-$dir/pop909}
[ -s "$corpus/split-dev.tsv" ] || "$here/../robustness/fetch_corpus.sh" "$corpus" dev >&2
[ -s "$midi/pieces.tsv" ] || "$here/fetch_midi.sh" "$midi" >&2
[ -d "$pop909" ] || { echo "make.sh: $pop909: no such folder; clone github.com/music-x-lab/POP909-Dataset and name its folder POP909 with --pop909" >&2; exit 2; }
"$python" "$here/make_dev.py" --midi "$midi" --corpus "$corpus" --split "$corpus/split-dev.tsv" --out "$dir/dev" >&2
"$python" "$here/make_pop.py" --pop909 "$pop909" --fonts "$midi/soundfonts" --out "$dir/pop" $only >&2
