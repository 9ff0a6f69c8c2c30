#!/bin/bash
# Measures what the score means: unknown music, and sounds that are no music, against the references.
#
#   calibrate.sh --dir DIR [--split dev] [--index INDEX] [--threads 2] [--clips 1400]
#
# Cuts clips of 10, 4 and 60 s from the tracks of the split that are never indexed, makes loops and
# mixes of an hour of them, and silence, noise, tones, clicks, drum machines and speech, scans them
# all, and the whole tracks, against the index of run.sh (or INDEX, for instance one of the
# distractors example) and prints, by calibrate.py, expected against observed chance matches and the
# constants of src/scan/params/v1.rs that would fit best.
# Needs ffmpeg and sox; speech needs espeak-ng, and is left out without it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,11p' "$0" >&2; exit 2; }
dir=""; split=dev; index=""; threads=2; clips=1400
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --split) split=${2:?}; shift 2 ;;
    --index) index=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --clips) clips=${2:?}; shift 2 ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] || usage
dir=$(cd "$dir" && pwd); work=$dir/calibrate
mkdir -p "$work/clips" "$work/sounds"
if [ -z "${SOUNDALIKE:-}" ]; then
  cargo build --release --locked --bin soundalike --manifest-path "$repo/Cargo.toml" >&2
  SOUNDALIKE=${CARGO_TARGET_DIR:-$repo/target}/release/soundalike
fi
column() { awk -F'\t' -v d="$dir" -v s="$split" -v r="$1" 'NR==1 {for (i=1; i<=NF; i++) c[$i]=i; next}
  $c["role"]==r && $c["split"]==s {print $c["duration"] "\t" d "/" $c["file"]}' "$dir/split-$split.tsv"; }
if [ -z "$index" ]; then
  index=$work/index
  [ -e "$index/MANIFEST" ] || { column ref | cut -f2 > "$work/refs.txt"
    "$SOUNDALIKE" index add --files-from "$work/refs.txt" --index "$index" --threads "$threads" >&2; }
fi

# Unknown music: as many 10 s and 4 s clips as asked for, and a few of a minute.
if [ ! -e "$work/clips/done" ]; then
  column neg | awk -F'\t' -v n="$clips" '{ d[NR]=$1; f[NR]=$2; total+=$1 } END {
    step = total / (n / 2)
    for (i = 1; i <= NR; i++) for (t = 1; t + 10 < d[i]; t += step)
      printf "10\t%.2f\t%s\n4\t%.2f\t%s\n%s", t, f[i], t + step / 3, f[i],
        (++k % 8 == 0 && t + 60 < d[i]) ? sprintf("60\t%.2f\t%s\n", t, f[i]) : "" }' | nl -w1 > "$work/clips.tsv"
  tr '\n' '\0' < "$work/clips.tsv" | xargs -0 -P "$threads" -I{} bash -c '
    IFS=$'"'\t'"' read -r n len at file <<< "{}"
    ffmpeg -v error -nostdin -y -ss "$at" -t "$len" -i "$file" -map 0:a:0 -ac 1 -ar 16000 "'"$work"'/clips/music$len-$n.wav"'
  touch "$work/clips/done"
fi

# Loops of two seconds from every fifth clip, repeated to half a minute, and mixes of an hour.
if [ ! -e "$work/clips/done-long" ]; then
  find "$work/clips" -name 'music10-*.wav' | sort -V | awk 'NR % 5 == 0' | while read -r clip; do
    sox -V1 "$clip" "${clip/music10-/musicloop-}" trim 3 2 repeat 14
  done
  column neg | cut -f2 | while read -r file; do
    ffmpeg -v error -nostdin -i "$file" -map 0:a:0 -ac 1 -ar 16000 -f s16le -
  done | split -b $((3600 * 32000)) -d - "$work/clips/mix"
  for part in "$work"/clips/mix??; do
    sox -V1 -t s16 -r 16000 -c 1 "$part" "$work/clips/musicmix-${part: -2}.wav"; rm "$part"
  done
  column neg | cut -f2 | nl -w1 | while IFS=$'\t' read -r n file; do
    ln -sf "$file" "$work/clips/musictrack-$n.${file##*.}"
  done
  touch "$work/clips/done-long"
fi

# Sounds that must not match anything, whatever the references.
cd "$work/sounds"
sound() { [ -e "$1.wav" ] || sox -D -R -V1 -n -r 16000 -c 1 "$@" 2>/dev/null; }
sound silence.wav trim 0 30
for colour in white pink brown; do sound "noise-$colour.wav" synth 30 "${colour}noise" vol 0.3; done
for hz in 100 440 1000 3000; do sound "sine-$hz.wav" synth 30 sine "$hz" vol 0.5; done
sound chord.wav synth 30 sine 220 sine 277.2 sine 329.6 remix - vol 0.5
sound sweep.wav synth 30 sine 100-5000 vol 0.5
for bpm in 90 100 120 128 140 174; do
  beat=$(awk -v b=$bpm 'BEGIN { printf "%.5f", 60 / b }'); half=$(awk -v b="$beat" 'BEGIN { printf "%.5f", b / 2 }')
  [ -e "clicks-$bpm.wav" ] || { sox -D -R -V1 -n -r 16000 -c 1 tick.wav synth 0.01 sine 1500 vol 0.7 pad 0 "$(awk -v b="$beat" 'BEGIN { print b - 0.01 }')"
    sox -V1 tick.wav "clicks-$bpm.wav" repeat 60 trim 0 30; }
  [ -e "drums-$bpm.wav" ] || {
    sox -D -R -V1 -n -r 16000 -c 1 kick.wav synth 0.15 sine 120-40 fade l 0 0.15 0.13 vol 0.9 pad 0 1 trim 0 "$beat"
    sox -D -R -V1 -n -r 16000 -c 1 snare.wav synth 0.15 whitenoise fade l 0 0.15 0.13 vol 0.5 pad 0 1 trim 0 "$beat"
    sox -D -R -V1 -n -r 16000 -c 1 hat.wav synth 0.04 whitenoise highpass 4000 fade l 0 0.04 0.03 vol 0.3 pad 0 1 trim 0 "$half"
    sox -V1 kick.wav snare.wav two.wav; sox -V1 two.wav two.wav bar.wav; sox -V1 hat.wav hats.wav repeat 7
    sox -V1 -m bar.wav hats.wav loop.wav; sox -V1 loop.wav "drums-$bpm.wav" repeat 30 trim 0 30; }
done
if command -v espeak-ng >/dev/null; then
  text="The quick brown fox jumps over the lazy dog while five wizards jump quickly over the frozen river near the old mill."
  for voice in en de fr; do [ -e "speech-$voice.wav" ] || espeak-ng -v "$voice" -w "speech-$voice.wav" "$text $text $text"; done
else
  echo "calibrate.sh: speech is left out: no espeak-ng" >&2
fi
rm -f tick.wav kick.wav snare.wav hat.wav two.wav bar.wav hats.wav loop.wav

find "$work/clips" "$work/sounds" -name '*.wav' -o -name 'musictrack-*' | sort > "$work/files.txt"
"$SOUNDALIKE" scan --files-from "$work/files.txt" --index "$index" --depth thorough --format jsonl --min-level candidate --limit 1 \
  --exit-zero --no-cluster --no-evidence --threads "$threads" > "$work/records.jsonl"
hours=$("$SOUNDALIKE" index list --index "$index" --format jsonl | python3 -c '
import json, sys
print(sum(json.loads(line).get("duration_ms", 0) for line in sys.stdin) / 3.6e6)')
python3 "$here/calibrate.py" "$work/records.jsonl" --hours "$hours" --params "$repo/src/scan/params/v1.rs"
