#!/bin/bash
# Make the training pairs: 40 s excerpts of reference tracks, clean and degraded.
#
#   degrade.sh SPLIT.tsv ROOT OUT      needs ffmpeg, sox, lame, opusenc
#
# Every third reference of the split, one excerpt each, so that two thirds of the tracks the
# benchmark asks for were never seen.  The attacks are of the benchmark's classes with other
# settings.  OUT/NNN/clean.wav and OUT/NNN/ATTACK.{wav,mp3,opus}; all keep the time axis.
set -eu
[ $# -eq 3 ] || { sed -n '2,9p' "$0"; exit 2; }
split=$1; root=$2; out=$3
mkdir -p "$out"
[ -e "$out/white.wav" ] || sox -D -R -n -r 44100 -c 1 "$out/white.wav" synth 60 whitenoise vol 0.25
[ -e "$out/pink.wav" ] || sox -D -R -n -r 44100 -c 1 "$out/pink.wav" synth 60 pinknoise vol 0.5
mix() { # clean noise snr out: noise at snr dB below the music
  local a b g
  a=$(sox "$1" -n stat 2>&1 | awk '/RMS.*amplitude/{print $3}')
  b=$(sox "$2" -n trim 0 40 stat 2>&1 | awk '/RMS.*amplitude/{print $3}')
  g=$(awk -v a="$a" -v b="$b" -v s="$3" 'BEGIN{print (b>0)? a/b/10^(s/20) : 0}')
  sox -D -V1 -m -v 0.4 "$1" -v "$(awk -v g="$g" 'BEGIN{print 0.4*g}')" "$2" "$4" trim 0 40
}
one() {
  local n=$1 file=$2 d=$out/$1 c
  [ -e "$d/.done" ] && return
  mkdir -p "$d"; c=$d/clean.wav
  ffmpeg -v error -nostdin -y -threads 1 -ss "$3" -t 40 -i "$root/$file" -map 0:a:0 -ac 1 -ar 44100 "$c"
  lame --quiet -b 40 -m m "$c" "$d/mp3.mp3"
  opusenc --quiet --bitrate 20 "$c" "$d/opus.opus"; ffmpeg -v error -nostdin -y -i "$d/opus.opus" -ar 44100 "$d/opus.wav"; rm "$d/opus.opus"
  mix "$c" "$out/white.wav" 8 "$d/white8.wav"; mix "$c" "$out/white.wav" 1 "$d/white1.wav"
  mix "$c" "$out/pink.wav" 7 "$d/pink7.wav"; mix "$c" "$out/pink.wav" 1 "$d/pink1.wav"
  sox -D -V1 "$c" "$d/tel.wav" gain -3 sinc 350-3200 compand 0.01,0.2 -50,-30,-30,-18,0,-6
  sox -D -V1 "$c" "$d/eq.wav" gain -12 bass 10 100 equalizer 1000 1q -12 treble 6
  sox -D -V1 "$c" "$d/reverb.wav" gain -4 reverb 65 50 100 100 0 0 trim 0 40
  sox -D -V1 "$c" "$d/clip.wav" gain -n 14 gain -2 2>/dev/null
  sox -D -V1 "$c" "$d/fast.wav" gain -3 speed 1.008
  sox -D -V1 "$c" "$d/slow.wav" gain -3 speed 0.992
  touch "$d/.done"
}
export -f one mix; export out root
awk -F'\t' 'NR==1{for(i=1;i<=NF;i++)h[$i]=i;next} $h["role"]=="ref" && $h["duration"]>45{n++; if(n%3==1) printf "%04d\t%s\t%d\n", n, $h["file"], ($h["duration"]-42)*((n*37)%100)/100}' "$split" > "$out/list.tsv"
tr '\n' '\0' < "$out/list.tsv" | xargs -0 -P 2 -I{} bash -c 'IFS=$'"'\t'"' read -r n f s <<< "{}"; one "$n" "$f" "$s"'
# Other music under the music: the next track of the list.
mapfile -t ids < <(cut -f1 "$out/list.tsv")
for i in "${!ids[@]}"; do
  d=$out/${ids[$i]}; o=$out/${ids[$(( (i + 7) % ${#ids[@]} ))]}
  [ -e "$d/layer.wav" ] || mix "$d/clean.wav" "$o/clean.wav" 2 "$d/layer.wav"
done
