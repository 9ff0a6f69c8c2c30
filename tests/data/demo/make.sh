#!/bin/sh
# Rebuilds the clips in this folder: ./make.sh MUSIC_DIR
# MUSIC_DIR holds the originals named in README.md: van_theme.ogg, karlmacklin_geoscape.ogg,
# zalek2.ogg, void_sensor.ogg, typing_to_jazz.mp3, funky_sax.mp3.
# Needs ffmpeg with libmp3lame and libvorbis. The tests do not run this.
set -eu
music=$(cd "$1" && pwd)
cd "$(dirname "$0")"
ff() { ffmpeg -hide_banner -loglevel error -y "$@"; }

# clip FROM SECONDS SOURCE TITLE ARTIST TARGET
clip() {
  ff -ss "$1" -t "$2" -i "$music/$3" -ac 1 -map_metadata -1 -map_metadata:s:a -1 -fflags +bitexact -flags:a +bitexact \
    -metadata title="$4" -metadata artist="$5" -c:a libvorbis -q:a 1 "$6"
}
clip 40 25 van_theme.ogg "UFO: AI Main Theme" "Manuel 'Vanethian' Marino" references/main-theme.ogg
clip 60 25 karlmacklin_geoscape.ogg "Geoscape Theme #1" "Karl Macklin" references/geoscape.ogg
clip 30 20 zalek2.ogg "Za'lek 2" "Nikola Whallon" references/zalek.ogg
clip 0 25 typing_to_jazz.mp3 "Typing to Jazz" "Riffusion" references/typing-to-jazz.ogg

# A laundered copy: 12 s from 7.37 s on, brighter, thinner, compressed, another codec, another name.
ff -ss 7.37 -t 12 -i references/main-theme.ogg -map_metadata -1 -map_metadata:s:a -1 -fflags +bitexact \
  -af "bass=g=-4:f=150,treble=g=5:f=4000,acompressor=threshold=0.1:ratio=3,volume=0.9" \
  -metadata title="Night Drive" -metadata artist="DJ Nobody" -c:a libmp3lame -b:a 64k incoming/night-drive.mp3

# A medley: 8 s of one reference, then 9 s of another.
ff -ss 4.2 -t 8 -i references/geoscape.ogg -ss 11.6 -t 9 -i references/typing-to-jazz.ogg -map_metadata -1 \
  -filter_complex "[0:a][1:a]concat=n=2:v=0:a=1[o]" -map "[o]" -fflags +bitexact -flags:a +bitexact \
  -metadata title="Summer Medley" -metadata artist="The Joiners" -c:a aac -b:a 80k incoming/summer-medley.m4a

# Two that have nothing to do with the references.
ff -i "$music/funky_sax.mp3" -c:a copy -map_metadata -1 -fflags +bitexact \
  -metadata title="Funky Sax" -metadata artist="Riffusion" incoming/funky-sax.mp3
clip 60 12 void_sensor.ogg "Void Sensor" "Zeropage" incoming/void-sensor.ogg

# And one that is not audio, whatever its name says.
printf 'This is a text file. Somebody named it .mp3 all the same.\n' > incoming/not-audio.mp3
