"""MIDI to audio: fluidsynth with a soundfont, then sox; FLAC, 22.05 kHz mono."""
import os, subprocess, tempfile

RATE = 22050
FONTS = {"fluid": "FluidR3_GM.sf2", "tim": "TimGM6mb.sf2", "opl3": "OPL-3_FM_128M.sf2"}


def find_fonts(folder):
    """{short name: path} of the three soundfonts, wherever below the folder they lie."""
    have = {}
    for path, _, files in os.walk(folder):
        have.update((f, os.path.join(path, f)) for f in files)
    missing = [f for f in FONTS.values() if f not in have]
    if missing:
        raise SystemExit(f"{folder}: lacks {', '.join(missing)} (see fetch_midi.sh)")
    return {k: have[f] for k, f in FONTS.items()}


def render(midi, font, dst, seconds, trim=False):
    """Writes dst and gives its length; trim: leave out the silence before the first sound."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(dst)) as tmp:
        source, raw = os.path.join(tmp, "a.mid"), os.path.join(tmp, "a.wav")
        with open(source, "wb") as f:
            f.write(midi)
        synth(source, font, raw, int((seconds + (20 if trim else 1)) * RATE * 4))
        if not os.path.exists(raw) or os.path.getsize(raw) < 200000:
            raise RuntimeError("fluidsynth gave no audio")
        part = os.path.join(tmp, "a.flac")
        silence = ["silence", "1", "0.05", "-60d"] if trim else []
        subprocess.run(["sox", "-D", "-V1", "--ignore-length", raw, "-b", "16", part, "remix", "-", *silence,
                        "trim", "0", str(seconds), "gain", "-n", "-1"], check=True, capture_output=True)
        length = float(subprocess.run(["sox", "--i", "-D", part], capture_output=True, text=True, check=True).stdout)
        os.replace(part, dst)
    return length


def synth(source, font, raw, enough):
    """Runs fluidsynth and stops it once enough bytes are written: some pieces last 25 minutes."""
    p = subprocess.Popen(["fluidsynth", "-ni", "-q", "-r", str(RATE), "-g", "0.6", "-o", "synth.dynamic-sample-loading=1",
                          "-F", raw, font, source],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(12000):
        try:
            p.wait(0.05)
            return
        except subprocess.TimeoutExpired:
            if os.path.exists(raw) and os.path.getsize(raw) > enough:
                break
    p.kill()
    p.wait()


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", *args], check=True, capture_output=True)
