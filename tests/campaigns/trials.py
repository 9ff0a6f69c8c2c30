#!/usr/bin/env python3
"""Small inputs with right values: each is decoded, read or refused as its table says.

Usage: trials.py PROGRAM DIR

DIR holds the inputs and README.tsv, which says what is right of each; they are no part of this repository. Prints a
line for each input; the status is 1 if anything is not as it should be.
"""

import json
import os
import subprocess
import sys
import tempfile

PROGRAM, DIR = (os.path.abspath(path) for path in sys.argv[1:3])
WHOLE = ["t02_rf64.wav", "t03_riff_size_small.wav", "t04_sizes_zero.wav", "t04_riff_size_zero.wav", "t04_list_too_long.wav",
         "t07_id3v1_at_end.flac", "t12_51.m4a", "t13_layer2.mp2", "t14_silent_first.m4a", "t23_mp3_in_wav.wav"]
faults = 0


def path(name):
    return os.path.join(DIR, name)


def run(*args, cwd=None):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, cwd=cwd, timeout=300)
    return done.returncode, done.stdout, done.stderr


def records(*args, cwd=None):
    code, out, err = run(*args, "--format", "jsonl", cwd=cwd)
    lines = [json.loads(line) for line in out.splitlines()]
    return code, lines, err


def of(lines, kind):
    return [r for r in lines if r["type"] == kind]


def check(name, is_right, seen):
    global faults
    faults += not is_right
    print(f"| {name} | {'right' if is_right else '**wrong**'} | {str(seen)[:150]} |")


def scan(*args):
    """Without what it is compared with: what is read of it."""
    return records("scan", *args, "--references", path("ref.wav"), "--exit-zero", "-q")


def against(name, reference, seconds, kinds):
    """The whole of a file is one recording, at its place."""
    _, lines, _ = records("compare", path(name), path(reference))
    found = of(lines, "match")
    if not found or not of(lines, "scanned"):
        return check(name, False, "no match")
    m, length = found[0], of(lines, "scanned")[0]["query"]["duration_ms"] / 1000
    shifts = [s["sample_begin_time_offset_ms"] - s["db_begin_time_offset_ms"] for s in m["segments"]]
    right = m["match_kind"] in kinds and abs(length - seconds) < 0.1 and all(abs(shift) <= 100 for shift in shifts)
    check(name, right, f"{m['match_kind']}, {length} s, shifted by {shifts} ms")


def decoders():
    for name in WHOLE:
        against(name, "ref.wav", 4.5, ["same_audio"])
    against("t16_24_channels.wav", "ref.wav", 1.9, ["same_audio", "contained_in_reference"])
    code, lines, _ = records("scan", path("t15_wavpack.wv"), "--references", path("ref.wav"), "-q")
    errors = of(lines, "error")
    check("t15_wavpack.wv", code == 3 and "WavPack" in errors[0]["message"], (code, errors[0]["message"]))
    halves = [of(records("compare", path("t01_mono_then_stereo.mp3"), path(ref))[1], "match") for ref in ("ref.wav", "ref2.mp3")]
    places = [h[0]["segments"][0]["sample_begin_time_offset_ms"] for h in halves if h]
    check("t01_mono_then_stereo.mp3", len(places) == 2 and places[0] < 200 and 4400 < places[1] < 5300, places)


def tags():
    _, lines, _ = scan(path("t17_info_tags.wav"), path("t17_id3_chunk.wav"), path("t18_id3v1_and_v2.mp3"), path("t19_three_artists_v24.mp3"))
    tracks = {os.path.basename(r["query"]["path"]): r["query"] for r in of(lines, "scanned")}
    said = {name: (t["title"], [a["name"] for a in t["artists"]], t["external_ids"]["isrc"]) for name, t in tracks.items()}
    birds = ["Paper Birds"]
    long = "A Title That Is Longer Than Thirty Characters"
    expected = {"t17_info_tags.wav": ("Evening Tram", birds, None), "t17_id3_chunk.wav": ("Evening Tram", birds, "USRC17607839"),
                "t18_id3v1_and_v2.mp3": (long, ["Paper Birds and the Long Named Orchestra"], None)}
    for name, value in expected.items():
        check(name, said[name] == value, said[name])
    check("t19_three_artists_v24.mp3", said["t19_three_artists_v24.mp3"][1] == ["Ann", "Bob", "Cid"], said["t19_three_artists_v24.mp3"])


def music():
    with tempfile.TemporaryDirectory() as place:
        run("index", "add", path("t30_original.mp3"), "--index", "i", "-q", cwd=place)
        _, lines, _ = records("scan", path("t30_cut_150ms.mp3"), "--index", "i", "-q", cwd=place)
        m = of(lines, "match")[0]
        shifts = sorted({round((s["db_begin_time_offset_ms"] - s["sample_begin_time_offset_ms"]) / 50) * 50 for s in m["segments"]})
        check("t30_cut_150ms.mp3", shifts == [0, 150] and m["query_match_pct"] > 95, (shifts, m["query_match_pct"]))
    def kind(a, b):
        found = of(records("compare", path(a), path(b))[1], "match")
        return found[0]["match_kind"] if found else "none"
    voice = kind("t33_with_voice.mp3", "t33_instrumental.mp3")
    check("t33_with_voice.mp3", voice != "same_audio", voice)
    player = kind("t35_player_b.mp3", "t35_player_a.mp3")
    check("t35_player_b.mp3", player != "same_audio", player)


def tables():
    _, lines, _ = scan("--files-from", path("t49_list_utf8_bom.txt"))
    check("t49_list_utf8_bom.txt", len(of(lines, "scanned")) == 2, len(of(lines, "scanned")))
    _, lines, _ = scan(path("t50_excel_text_codes.csv"))
    ids = [r["query"]["external_ids"] for r in of(lines, "scanned")]
    malformed = [f for f in of(lines, "finding") if f["rule"] == "META-002" and f["level"] != "clear"]
    check("t50_excel_text_codes.csv", ids[0] == {"isrc": "USRC17607839", "upc": "036000291452"} and not malformed, ids[0])
    bursts = {}
    for name in ["t51_times_iso_works.csv", "t51_times_us.csv", "t51_times_de.csv"]:
        _, lines, _ = scan(path(name))
        cluster = of(lines, "cluster")[0]
        verdicts = sorted(v["verdict"] for v in of(lines, "verdict"))
        bursts[name] = (cluster["score"], len(cluster["members"]), verdicts)
        first = bursts["t51_times_iso_works.csv"]
        check(name, bursts[name] == first and "hold" in verdicts, (cluster["score"], verdicts))
    _, lines, _ = scan(path("t52_headers_with_notes.csv"))
    q = of(lines, "scanned")[0]["query"]
    seen = (q["title"], q["external_ids"]["isrc"], q["external_ids"]["upc"])
    check("t52_headers_with_notes.csv", seen == ("One", "USRC17607839", "036000291452"), seen)
    with tempfile.TemporaryDirectory() as place:
        run("index", "add", path("song_a.mp3"), "--metadata", path("t52_index_metadata.csv"), "--index", "i", "-q", cwd=place)
        _, lines, _ = records("index", "list", "--index", "i", cwd=place)
        r = of(lines, "reference")[0]
        check("t52_index_metadata.csv", r["title"] == "One", r["title"])


def messages():
    for name, words in [("t57_purge.xml", "0036000291452"), ("t58_takedown_without_deals.xml", "")]:
        code, lines, _ = records("scan", path(name), "--references", path("ref.wav"), "-q")
        notes = [n["message"] for n in of(lines, "note")]
        is_told = any(words in n for n in notes)
        check(name, code == 0 and not of(lines, "error") and is_told, (code, notes[:1]))
    _, lines, err = scan(path("t64_folder"))
    _, text, err = run("scan", path("t64_folder"), "--references", path("ref.wav"), "--exit-zero", "-q")
    told = json.dumps(lines)
    is_named = all(name in told and name in text + err for name in ("one.wma", "two.ac3"))
    check("t64_folder", is_named, "named in text and JSON" if is_named else (text + err)[:120])


print("| input | | seen |\n| --- | --- | --- |")
for part in (decoders, tags, music, tables, messages):
    part()
print(f"\n{faults} faults")
sys.exit(1 if faults else 0)
