"""Standard MIDI files as lists of notes in seconds, and back; edits of a file that keep all its events.

The format: MIDI Manufacturers Association, "Standard MIDI Files 1.0".  Standard library only."""
import bisect, struct
from collections import defaultdict
from dataclasses import dataclass, replace

DRUMS = 9                                   # channel 10 of General MIDI
# programs that play a tune, one or two of each family of General MIDI
MELODIC = [0, 4, 6, 11, 13, 16, 19, 21, 24, 25, 26, 27, 30, 32, 33, 40, 42, 46, 48, 52, 56, 60, 61, 65,
           68, 71, 73, 75, 79, 80, 81, 88]


@dataclass(frozen=True)
class Note:
    begin: float                            # seconds; `beat` is the same place in quarter notes
    end: float
    pitch: int
    velocity: int
    channel: int
    program: int
    track: str
    beat: float = 0.0


def vlq(data, i):
    value = 0
    while True:
        byte = data[i]
        i += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, i


def as_vlq(value):
    out = [value & 127]
    while value > 127:
        value >>= 7
        out.append(value & 127 | 128)
    return bytes(reversed(out))


def chunks(data):
    """The bodies of the tracks; the header's length is the file's to say."""
    if data[:4] != b"MThd":
        raise ValueError("no MIDI file")
    i = 8 + struct.unpack(">I", data[4:8])[0]
    while i + 8 <= len(data):
        tag, n = data[i:i + 4], struct.unpack(">I", data[i + 4:i + 8])[0]
        if tag == b"MTrk":
            yield data[i + 8:i + 8 + n]
        i += 8 + n


def events(body):
    """(tick, status, payload, bytes before the payload) of each event: running status is filled in."""
    k, tick, status = 0, 0, 0
    while k < len(body):
        delta, k = vlq(body, k)
        tick += delta
        s = body[k]
        if s == 0xff:
            kind = body[k + 1]
            n, k = vlq(body, k + 2)
            yield tick, 0xff, (kind, body[k:k + n])
            k += n
        elif s in (0xf0, 0xf7):
            n, k = vlq(body, k + 1)
            yield tick, s, body[k:k + n]
            k += n
        else:
            if s & 0x80:
                status, k = s, k + 1
            n = 1 if status >> 4 in (12, 13) else 2
            yield tick, status, body[k:k + n]
            k += n


def read(path, pedal=False):
    """The notes of a file, by time; with `pedal`, ringing on as long as the sustain pedal (controller 64) is down."""
    with open(path, "rb") as f:
        data = f.read()
    division = struct.unpack(">H", data[12:14])[0] & 0x7fff
    tempi, found = [(0, 500000)], []
    for body in chunks(data):
        mine = []
        name, programs, on, down = "", defaultdict(int), defaultdict(list), defaultdict(list)
        for tick, status, payload in events(body):
            kind, channel = status >> 4, status & 15
            if status == 0xff:
                if payload[0] == 0x51 and len(payload[1]) == 3:
                    tempi.append((tick, int.from_bytes(payload[1], "big")))
                elif payload[0] == 3 and not name:
                    name = payload[1].decode("latin-1").strip()
            elif kind == 12:
                programs[channel] = payload[0]
            elif kind == 11 and payload[0] == 64:
                down[channel].append((tick, payload[1] >= 64))
            elif kind == 9 and payload[1] > 0:
                on[channel, payload[0]].append((tick, payload[1], programs[channel]))
            elif kind in (8, 9) and on[channel, payload[0]]:
                begin, velocity, program = on[channel, payload[0]].pop(0)
                if tick > begin:
                    mine.append((begin, tick, payload[0], velocity, channel, program, name))
        found += ringing(mine, down) if pedal else mine
    second = clock(division, tempi)
    return sorted((Note(second(a), second(e), p, v, c, g, t, a / division) for a, e, p, v, c, g, t in found),
                  key=lambda n: (n.begin, n.pitch))


def ringing(notes, down):
    """Notes of one track, each held until the pedal is up or its key is struck again."""
    out, struck = [], defaultdict(list)
    for n in notes:
        struck[n[4], n[2]].append(n[0])
    for begin, end, pitch, velocity, channel, program, name in notes:
        moves = down[channel]
        i = bisect.bisect_right(moves, (end, True))
        if i and moves[i - 1][1]:
            end = next((t for t, held in moves[i:] if not held), end)
            end = min([end] + [t for t in struck[channel, pitch] if t > begin])
        out.append((begin, end, pitch, velocity, channel, program, name))
    return out


def clock(division, tempi):
    """A function from ticks to seconds."""
    steps, at = [], 0.0
    for tick, us in sorted(tempi, key=lambda t: t[0]):
        if steps:
            at += (tick - steps[-1][0]) * steps[-1][2]
        steps.append((tick, at, us / 1e6 / division))

    def second(tick):
        lo, hi = 0, len(steps)
        while hi - lo > 1:
            mid = (lo + hi) // 2
            lo, hi = (mid, hi) if steps[mid][0] <= tick else (lo, mid)
        return steps[lo][1] + (tick - steps[lo][0]) * steps[lo][2]
    return second


TICKS = 960                                 # a second: 480 a quarter note at 120 beats a minute


def write(notes, tempo=1.0, semitones=0):
    """A file of one track with the notes moved and made `tempo` times as fast."""
    out = []
    programs = {}
    for n in sorted(notes, key=lambda n: n.begin):
        if programs.get(n.channel) != n.program and n.channel != DRUMS:
            out.append((round(n.begin / tempo * TICKS), 0, bytes([0xc0 | n.channel, n.program])))
            programs[n.channel] = n.program
        pitch = n.pitch if n.channel == DRUMS else min(127, max(0, n.pitch + semitones))
        a = round(n.begin / tempo * TICKS)
        e = max(a + 1, round(n.end / tempo * TICKS))
        out.append((a, 2, bytes([0x90 | n.channel, pitch, n.velocity])))
        out.append((e, 1, bytes([0x80 | n.channel, pitch, 0])))
    out.sort(key=lambda e: e[:2])
    body, last = bytearray(b"\0\xff\x51\x03" + (500000).to_bytes(3, "big")), 0
    for tick, _, message in out:
        body += as_vlq(tick - last) + message
        last = tick
    body += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(body)) + bytes(body)


def rewrite(data, tempo=1.0, semitones=0, programs=lambda channel, program: program):
    """The file with all its events, notes moved (not channel 10), tempo and programs changed."""
    out, first = bytearray(data[:8 + struct.unpack(">I", data[4:8])[0]]), True
    tracks = 0
    for body in chunks(data):
        o, last = bytearray(), 0
        if first:                           # files without a tempo are changed too
            o += b"\0\xff\x51\x03" + min(0xffffff, round(500000 / tempo)).to_bytes(3, "big")
            first = False
        for tick, status, payload in events(body):
            o += as_vlq(tick - last)
            last = tick
            kind, channel = status >> 4, status & 15
            if status == 0xff:
                what, content = payload
                if what == 0x51 and len(content) == 3:
                    us = int.from_bytes(content, "big") / tempo
                    content = max(1, min(0xffffff, round(us))).to_bytes(3, "big")
                o += bytes([0xff, what]) + as_vlq(len(content)) + content
            elif status in (0xf0, 0xf7):
                o += bytes([status]) + as_vlq(len(payload)) + payload
            else:
                p = bytearray(payload)
                if kind in (8, 9, 10) and channel != DRUMS:
                    p[0] = in_range(p[0] + semitones)
                if kind == 12 and channel != DRUMS:
                    p[0] = programs(channel, p[0]) & 127
                o += bytes([status]) + p
        out += b"MTrk" + struct.pack(">I", len(o)) + o
        tracks += 1
    struct.pack_into(">H", out, 10, max(1, tracks))
    return bytes(out)


def in_range(pitch):
    """An octave down or up where a moved note leaves the keyboard."""
    while pitch > 127:
        pitch -= 12
    while pitch < 0:
        pitch += 12
    return pitch


def upper_voice(notes):
    """A note is taken when no higher one sounds at its start (50 ms of tolerance)."""
    out, sounding, near = [], [], 0.05
    for n in sorted((n for n in notes if n.channel != DRUMS), key=lambda n: (n.begin, -n.pitch)):
        sounding = [m for m in sounding if m.end > n.begin + near]
        above = any(m.pitch > n.pitch for m in sounding)
        if not above and not (out and out[-1].begin >= n.begin - near and out[-1].pitch > n.pitch):
            if out and out[-1].end > n.begin:
                before = out.pop()
                if n.begin > before.begin:
                    out.append(replace(before, end=n.begin))
            out.append(n)
        sounding.append(n)
    return out


def other_chords(tune, notes, rng, bar=1.0):
    """Pad and bass under the tune: for each bar a triad of the scale that holds the bar's main note, of the two that fit
    the original least."""
    def weights(these, a, e):
        w = [0.0] * 12
        for n in these:
            if n.channel != DRUMS:
                w[n.pitch % 12] += max(0.0, min(n.end, e) - max(n.begin, a))
        return w
    all_of_it = weights(notes, 0, 1e9)
    major = (0, 2, 4, 5, 7, 9, 11)
    scale = max(range(12), key=lambda r: sum(all_of_it[(r + k) % 12] for k in major))
    degrees = [(scale + k) % 12 for k in major]
    triads = [[degrees[i], degrees[(i + 2) % 7], degrees[(i + 4) % 7]] for i in range(7)]
    out, a, end = [], min(n.begin for n in tune), max(n.end for n in tune)
    while a < end:
        mine, before = weights(tune, a, a + bar), weights(notes, a, a + bar)
        top = max(range(12), key=lambda k: mine[k])
        fits = sorted([t for t in triads if top in t] or triads, key=lambda t: sum(before[k] for k in t))
        triad = rng.choice(fits[:2])
        out += [Note(a, a + bar, 48 + k, 62, 1, 48, "chords") for k in triad]
        out.append(Note(a, a + bar, 36 + triad[0], 80, 2, 33, "bass"))
        a += bar
    return out
