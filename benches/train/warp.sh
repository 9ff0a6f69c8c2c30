#!/bin/bash
# Add copies at another pitch, tempo and speed to the training pairs of degrade.sh.
#
#   warp.sh OUT      needs sox, rubberband
#
# OUT/NNN/{pitch,tempo,speed}_*.wav.  Two programs, so that one's artefacts are not learned.
set -eu
[ $# -eq 1 ] || { sed -n '2,6p' "$0"; exit 2; }
one() {
  local c=$1/clean.wav
  [ -e "$1/pitch_high.wav" ] && return
  sox -D -V1 "$c" "$1/speed_up.wav" gain -3 speed 1.12
  sox -D -V1 "$c" "$1/speed_down.wav" gain -3 speed 0.88
  sox -D -V1 "$c" "$1/tempo_down.wav" gain -3 tempo -m 0.85
  sox -D -V1 "$c" "$1/pitch_down.wav" gain -3 pitch -350
  rubberband -q -T 1.15 "$c" "$1/tempo_up.wav"
  rubberband -q -p 2.5 "$c" "$1/pitch_up.wav"
  rubberband -q -3 -p 4 "$c" "$1/pitch_high.wav"
}
export -f one
printf '%s\0' "$1"/[0-9]*/ | xargs -0 -P 2 -I{} bash -c 'one "{}"'
