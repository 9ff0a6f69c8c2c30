#!/usr/bin/env python3
"""usage: list_pieces.py TARGET

Writes TARGET/pieces.tsv (piece, midi, group) for make_dev.py from the MIDI files below TARGET/unpacked (packages openttd-openmsx,
freedink-data, pangzero) and, where music21 can be imported, from its corpus of scores (exported to TARGET/midi/music21)."""
import glob, hashlib, os, re, sys

# settings of one melody (found by comparing the top voices)
GROUP = {"m21-bach_bwv277": "bach-277-278", "m21-bach_bwv278": "bach-277-278",
         "m21-bach_bwv62.6": "bach-62.6-274", "m21-bach_bwv274": "bach-62.6-274"}
SHORTEST_FILE, LONGEST_SCORE = 1500, 26000   # bytes


def add(rows, target, piece, path):
    piece = re.sub(r"[^A-Za-z0-9_.-]", "_", piece)
    group = GROUP.get(piece, piece)
    if any(r[0] == piece for r in rows):      # the same score in two formats
        piece += "-b"
    rows.append((piece, os.path.relpath(path, target), group))


def of_packages(rows, target):
    for package, most in (("openttd-openmsx", 99), ("freedink-data", 99), ("pangzero", 9)):
        files = sorted(glob.glob(f"{target}/unpacked/{package}/**/*.mid", recursive=True))
        for f in [f for f in files if os.path.getsize(f) > SHORTEST_FILE][:most]:
            add(rows, target, package.split("-")[0] + "-" + os.path.basename(f)[:-4], f)


def of_music21(rows, target):
    try:
        from music21 import converter, corpus
    except ImportError:
        print("music21 is not there: MIDI files of packages only", file=sys.stderr)
        return
    out = f"{target}/midi/music21"
    os.makedirs(out, exist_ok=True)
    paths = [str(x).replace(os.sep, "/") for x in corpus.corpora.CoreCorpus().getPaths()]
    for folder, n in (("bach", 22), ("palestrina", 5), ("schumann_robert", 2)):
        mine = [x for x in paths if x.split("music21/corpus/")[1].split("/")[0] == folder
                and os.path.getsize(x) < LONGEST_SCORE and not x.endswith((".py", ".rntxt"))]
        mine.sort(key=lambda x: hashlib.sha256(os.path.basename(x).encode()).hexdigest())
        for x in mine[:n]:
            name = x.split("music21/corpus/")[1].replace("/", "_").rsplit(".", 1)[0].replace(" ", "_")
            dst = f"{out}/{name}.mid"
            try:
                if not os.path.exists(dst):
                    converter.parse(x).write("midi", fp=dst)
                add(rows, target, "m21-" + name, dst)
            except Exception as e:            # music21 raises many kinds; a score that cannot be read is named
                print(f"left out: {name}: {str(e)[:100]}", file=sys.stderr)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target, rows = os.path.abspath(sys.argv[1]), []
    of_packages(rows, target)
    of_music21(rows, target)
    with open(f"{target}/pieces.tsv", "w", encoding="utf-8") as o:
        o.write("piece\tmidi\tgroup\n")
        o.writelines("\t".join(r) + "\n" for r in rows)
    print(f"{target}/pieces.tsv: {len(rows)} pieces")


if __name__ == "__main__":
    main()
