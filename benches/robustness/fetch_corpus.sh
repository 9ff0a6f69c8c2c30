#!/bin/bash
# Bring the music corpus from Debian 12 packages (nothing is installed) and write its inventory.
#
#   fetch_corpus.sh TARGET_DIR SPLIT        SPLIT = a name in the second column of the list, or all
#
# Needs: Debian 12 with apt lists (apt-get update), dpkg-deb, unzip, python3; ffprobe is used
# only for files that are neither Ogg nor WAV.  Packages, paths and splits are in
# corpus_packages.tsv beside this script (or in the file that CORPUS_PACKAGES names).  Unpacks to TARGET_DIR/unpacked/PACKAGE, keeps only
# the music tracks and debian/copyright, writes TARGET_DIR/inventory-SPLIT.tsv and, where
# make_split.py is beside this script, TARGET_DIR/split-SPLIT.tsv.  A second run goes on where
# the first one stopped.  Downloads about 2.0 GB (one package at a
# time, removed once unpacked); keeps about 1.3 GB.
set -eu
[ $# -eq 2 ] || { sed -n '2,4p' "$0"; exit 2; }
target=$1; split=$2
here=$(cd "$(dirname "$0")" && pwd)
list=${CORPUS_PACKAGES:-$here/corpus_packages.tsv}
mkdir -p "$target/unpacked" "$target/debs"
target=$(cd "$target" && pwd)
for tool in apt-get dpkg-deb unzip python3; do
  command -v $tool >/dev/null || { echo "missing: $tool" >&2; exit 1; }
done
failed=""
grep -v '^#' "$list" | awk -F'\t' -v s="$split" 'NF>=4 && $2!="none" && (s=="all" || $2==s){print $1}' > "$target/.packages-$split"
while read -r p; do
  d=$target/unpacked/$p
  [ -e "$d/.done" ] && continue
  rm -rf "$d"; mkdir -p "$d"
  ( cd "$target/debs" && rm -f "${p}"_*.deb && apt-get download -q "$p" >/dev/null 2>&1 ) \
    || { echo "cannot download $p" >&2; failed="$failed $p"; rm -rf "$d"; continue; }
  deb=$(ls "$target/debs/${p}"_*.deb | head -1)
  # audio, archives that may hold audio, and the copyright file: nothing else touches the disk
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$d" --no-same-owner --wildcards --no-anchored \
    --ignore-case '*.ogg' '*.oga' '*.opus' '*.mp3' '*.flac' '*.wav' '*.m4a' \
    '*.zip' '*.pk3' '*.love' 'copyright' 2>/dev/null || true
  find "$d" -type f \( -iname '*.zip' -o -iname '*.pk3' -o -iname '*.love' \) | while read -r z; do
    case $p in 0ad-data) pat='audio/music/*' ;; *) pat='*.[oOmM][gGpP][gG3]' ;; esac
    unzip -q -o "$z" "$pat" -d "$d/zip" >/dev/null 2>&1 || true
    rm -f "$z"
  done
  echo "$p $(dpkg-deb -f "$deb" Version)" > "$d/.done"
  rm -f "$deb"
  echo "unpacked $(cat "$d/.done")"
done < "$target/.packages-$split"
rmdir "$target/debs" 2>/dev/null || true
inv=$target/inventory-$split.tsv
python3 "$here/corpus_inventory.py" "$target" "$list" "$split" "$inv"
# keep only what the inventory names (sound effects and exact duplicates go)
cut -f1 "$inv" | tail -n +2 | sort > "$target/.keep"
while read -r p; do
  ( cd "$target" && find "unpacked/$p" -type f ! -name .done ! -name copyright )
done < "$target/.packages-$split" | sort | comm -23 - "$target/.keep" | ( cd "$target" && tr '\n' '\0' | xargs -0 -r rm -f )
find "$target/unpacked" -type d -empty -delete
rm -f "$target/.keep"
if [ -e "$here/make_split.py" ]; then
  python3 "$here/make_split.py" "$list" "$inv" "$target/split-$split.tsv"
fi
[ -z "$failed" ] || { echo "packages not brought:$failed" >&2; exit 1; }
