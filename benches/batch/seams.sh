#!/usr/bin/env bash
# Clips of Riffusion's output, saved as MP3, joined and encoded again: is each file known by its seams, and is no track
# of the corpus?
#
#   seams.sh --dir DIR --soundalike BIN [--riffusion FOLDER]
#
# DIR is the folder of ../robustness with its corpus; FOLDER (else DIR/riffusion) holds arabic_gospel.mp3,
# detroit_rap_to_jazz_denoising_0_6_seed_50.mp3 and typing_to_jazz.mp3 of riffusion-app-hobby (public/, MIT).
# Needs ffmpeg and jq.
set -euo pipefail
dir="" binary="" riffusion=""
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --soundalike) binary=$(realpath "${2:?}"); shift 2 ;;
    --riffusion) riffusion=${2:?}; shift 2 ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
done
[ -n "$dir" ] && [ -n "$binary" ] || { sed -n '2,9p' "$0" >&2; exit 2; }
riffusion=${riffusion:-$dir/riffusion}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# NAME, how many clips, seconds from one to the next: each becomes an MP3 without a tag of its padding.
joined() {
  local name=$1 clips=$2 step=$3 out=$work/${1%%_*}
  for clip in $(seq 0 $((clips - 1))); do
    ffmpeg -v error -y -ss "$(echo "$clip * $step" | bc)" -t 5.11 -i "$riffusion/$name.mp3" -ac 1 -ar 44100 \
      -c:a libmp3lame -write_xing 0 "$work/clip.mp3"
    ffmpeg -v error -y -i "$work/clip.mp3" -f s16le - >> "$work/all.pcm"
  done
  ffmpeg -v error -y -f s16le -ar 44100 -ac 1 -i "$work/all.pcm" "$out.wav"
  ffmpeg -v error -y -i "$out.wav" -b:a 64k "$out.mp3"
  ffmpeg -v error -y -i "$out.wav" -b:a 96k "$out.m4a"
  rm -f "$work/all.pcm" "$work/clip.mp3"
}
# What of the files of a list has seams: period in seconds, seams found and possible.
seams() {
  { "$binary" scan --files-from "$1" --references "$work/one.wav" --format jsonl --no-trace --no-cluster \
      --exit-zero --quiet || [ $? = 3 ]; } | jq -r 'select(.type == "scanned") | [.query.path, (.signal.seams |
        if . then "\(.period_us / 1e6) s, \(.count) of \(.of)" else "none" end)] | @tsv'
}
joined arabic_gospel 8 5.11
joined detroit_rap_to_jazz_denoising_0_6_seed_50 12 5.11
joined typing_to_jazz 10 5.6
cp "$work/arabic.wav" "$work/one.wav"
printf '%s\n' "$work"/{arabic,detroit,typing}.{wav,mp3,m4a} > "$work/joined.txt"
seams "$work/joined.txt" | sed "s#$work/##"
awk -F'\t' -v dir="$dir" 'NR > 1 { print dir "/" $1 }' "$dir/split-dev.tsv" > "$work/corpus.txt"
seams "$work/corpus.txt" > "$work/corpus.tsv"
echo "corpus: $(grep -vc 'none$' "$work/corpus.tsv" || true) of $(wc -l < "$work/corpus.tsv") tracks with seams"
grep -v 'none$' "$work/corpus.tsv" || true
