#!/bin/bash
# MIDI files, scores and soundfonts for the resemblance sets (nothing is installed system-wide).
#   fetch_midi.sh TARGET_DIR
# Writes TARGET/unpacked, TARGET/soundfonts and TARGET/pieces.tsv.  Needs apt-get and dpkg (Debian), python3-venv for music21
# (its pieces are left out where it fails); fluidsynth, sox and ffmpeg are needed to render.  POP909 comes apart:
#   git clone https://github.com/music-x-lab/POP909-Dataset; its folder POP909 is what make_pop.py wants.
set -eu
[ $# -eq 1 ] || { sed -n '2,6p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/unpacked" "$1/debs" "$1/soundfonts"
t=$(cd "$1" && pwd)
bring() { # package, directory, patterns...
  local p=$1 d=$2; shift 2
  ( cd "$t/debs" && rm -f "${p}"_*.deb && apt-get download -q "$p" >/dev/null 2>&1 )
  mkdir -p "$d"
  dpkg-deb --fsys-tarfile "$t/debs/${p}"_*.deb | tar -x -C "$d" --no-same-owner --wildcards --no-anchored "$@" copyright 2>/dev/null || true
  rm -f "$t/debs/${p}"_*.deb
}
for p in openttd-openmsx freedink-data pangzero; do [ -d "$t/unpacked/$p" ] || bring $p "$t/unpacked/$p" '*.mid'; done
for p in fluid-soundfont-gm timgm6mb-soundfont opl3-soundfont; do bring $p "$t/soundfonts" '*.sf2'; done
rmdir "$t/debs" 2>/dev/null || true
py=python3
if python3 -m venv "$t/venv" && "$t/venv/bin/pip" -q install 'music21==10.5.1'; then py=$t/venv/bin/python; fi
"$py" "$here/list_pieces.py" "$t"
