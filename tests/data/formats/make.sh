#!/bin/sh
# Rebuilds the fixtures in this folder from one Riffusion clip: ./make.sh path/to/funky_sax.mp3
# Needs ffmpeg with libmp3lame, libvorbis and libopus. The tests do not run this.
set -eu
cd "$(dirname "$0")"
ff() { ffmpeg -hide_banner -loglevel error -y "$@"; }

# Two seconds of real stereo: the right channel is the left one, late, quieter and without bass.
ff -ss 0.5 -t 2 -i "$1" -filter_complex "[0:a]aformat=channel_layouts=mono,asplit=2[a][b];[b]adelay=3S,volume=0.8,highpass=f=120[c];[a][c]join=inputs=2:channel_layout=stereo,atrim=0:2,aresample=22050[o]" \
  -map "[o]" -c:a pcm_s16le -bitexact reference.wav

tagged() {
  ff -i reference.wav -metadata title="Funky Sax" -metadata artist="Riffusion" -metadata album="Fixtures" "$@"
}
tagged -metadata TSRC=USABC2300001 -metadata publisher="Test Label" -c:a libmp3lame -b:a 64k lame.mp3
tagged -c:a aac -b:a 64k aac.m4a
tagged -metadata ISRC=USABC2300001 -c:a libvorbis -q:a 1 -page_duration 200000 vorbis.ogg
tagged -metadata ISRC=USABC2300001 -metadata LABEL="Test Label" -metadata BARCODE=0123456789012 \
  -ac 1 -ar 16000 -c:a flac flac.flac
tagged -c:a libopus -b:a 32k opus.opus
ff -i reference.wav -c:a libmp3lame -b:a 48k -write_xing 0 -id3v2_version 0 bare.mp3
ff -i reference.wav -c:a aac -b:a 64k -f adts adts.aac
ff -i reference.wav -ac 1 -ar 16000 -c:a alac alac.m4a
ff -i reference.wav -ac 1 -ar 8000 -c:a pcm_u8 u8_8k.wav
ff -i reference.wav -t 0.25 -ac 1 -ar 96000 -c:a pcm_s24le s24_96k.wav
ff -i reference.wav -t 0.5 -ac 1 -ar 11025 -c:a pcm_f32le f32_11k.wav
ff -i reference.wav -t 0.5 -ac 1 -ar 11025 -c:a pcm_s32le s32_11k.wav
ff -i reference.wav -ac 1 -ar 11025 -c:a pcm_s16be s16.aiff
ff -i reference.wav -t 1 -ac 1 -ar 11025 -c:a pcm_s16be s16.caf
ff -i reference.wav -t 0.5 -filter_complex "[0:a]pan=5.1|FL=FL|FR=FR|FC=0.5*FL+0.5*FR|LFE=0.9*FL|BL=0.3*FL|BR=0.3*FR,aresample=8000" -c:a pcm_s16le surround51.wav

# Variants for the table of formats.
ff -i reference.wav -ac 1 -ar 11025 -c:a adpcm_ima_qt -f aiff ima4.aifc
ff -i reference.wav -t 1 -ac 1 -ar 16000 -c:a libmp3lame -b:a 24k -write_xing 0 -id3v2_version 0 mono.mp3
ff -i reference.wav -t 1 -ac 1 -c:a mp2 -b:a 48k layer2.mp2
surround="[0:a]pan=5.1|FL=FL|FR=FR|FC=0.5*FL+0.5*FR"
ff -i reference.wav -t 0.5 -filter_complex "$surround" -c:a aac -b:a 96k aac51.m4a
ff -i reference.wav -t 0.5 -filter_complex "$surround" -c:a aac -b:a 96k -f adts aac51.aac
ff -i reference.wav -t 0.5 -filter_complex "$surround" -c:a libopus -mapping_family 1 -b:a 96k opus51.opus
ff -i reference.wav -t 1 -ac 1 -c:a libopus -application voip -frame_duration 60 -b:a 16k speech.opus
ff -i reference.wav -t 1 -c:a libopus -b:a 32k opus.webm
ff -i reference.wav -t 1 -c:a libopus -b:a 32k opus.mp4
ff -f lavfi -i anullsrc=r=22050:cl=stereo -i reference.wav -t 1 -map 0 -map 1 -c:a aac -b:a 48k two_tracks.m4a
