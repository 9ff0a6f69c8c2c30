#!/usr/bin/env python3
"""usage: python3 -m unittest test_score.py   (in this folder)

Checks score.py on a hand-made query set whose figures can be counted by hand."""
import contextlib, io, json, os, sys, tempfile, unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import score

COLS = ("query_file source_track source_offset duration degradation parameter query_id kind segment query_start "
        "query_total source_duration speed pitch role true_source out").split()


def truth(name, deg, par, kind, *parts):
    """parts: (track, source offset, duration, query start, speed, pitch, role, true source)"""
    for i, (track, off, dur, start, speed, pitch, role, src) in enumerate(parts):
        yield dict(zip(COLS, map(str, (f"audio/{name}.flac", track, off, dur, deg, par, name, kind, i, start, dur,
                                       dur * speed, speed, pitch, role, src, "native"))))


def seg(a, b, db, factor=1.0):
    return {"sample_begin_time_offset_ms": a, "sample_end_time_offset_ms": b, "db_begin_time_offset_ms": db,
            "db_end_time_offset_ms": db + (b - a) * factor, "time_factor": factor}


def match(name, track, value, *segments, accepted=True, factor=1.0, cents=0.0, root="/music"):
    return {"type": "match", "score": value, "log10_evalue": -value, "accepted": accepted, "time_factor": factor,
            "pitch_cents": cents, "query": {"path": f"/elsewhere/audio/{name}.flac"},
            "reference": {"path": f"{root}/{track}", "ref_id": "r1"}, "segments": list(segments)}


TRUTH = [
    *truth("q1", "clean", "-", "positive", ("a/1.ogg", 20, 10, 0, 1.0, 0, "main", "a/1.ogg")),
    *truth("q2", "speed", "1.25", "positive", ("a/2.ogg", 8, 10, 0, 1.25, 3.863, "main", "a/2.ogg")),
    *truth("q3", "fraud-concat", "10s+10s", "positive", ("a/1.ogg", 5, 10, 0, 1.0, 0, "part", "a/1.ogg"),
           ("a/2.ogg", 50, 10, 10, 1.0, 0, "part", "a/2.ogg")),
    *truth("q4", "white", "0dB", "positive", ("a/3.ogg", 1, 3, 0, 1.0, 0, "main", "a/3.ogg")),
    *truth("q5", "layer", "6dB", "positive", ("a/3.ogg", 1, 5, 0, 1.0, 0, "main", "a/3.ogg"),
           ("-", 9, 5, 0, 1.0, 0, "background", "n/1.ogg")),
    *truth("n1", "clean", "-", "negative", ("-", 3, 10, 0, 1.0, 0, "main", "n/1.ogg")),
    *truth("n2", "clean", "-", "negative", ("-", 3, 10, 0, 1.0, 0, "main", "n/2.ogg")),
]
RECORDS = [
    {"type": "begin"},
    match("q1", "a/1.ogg", 90, seg(0, 10000, 20030)),                                      # right, +30 ms
    match("q1", "a/2.ogg", 20, seg(0, 3000, 0)),                                           # and a wrong one
    match("q2", "a/2.ogg", 30, seg(0, 10000, 8000, 1.26), accepted=False, factor=1.26),    # first, not accepted
    match("q3", "a/1.ogg", 80, seg(0, 9000, 5000)),                                        # one part of two
    match("q4", "a/2.ogg", 12, accepted=False), match("q4", "a/3p.ogg", 9, accepted=False),  # partner, second
    match("q5", "n/1p.ogg", 50), match("q5", "a/3.ogg", 40, seg(0, 5000, 31000)),          # partner of the background
    match("n1", "n/1p.ogg", 60),                                                           # a partner: no false alarm
    match("n2", "a/1.ogg", 25),                                                            # false alarm
    match("other", "a/1.ogg", 99), {"type": "summary"},
]
PAIRS = "a\tb\tkind\na/3.ogg\ta/3p.ogg\tversion\nn/1.ogg\tn/1p.ogg\tversion\n"


def report(records=RECORDS):
    with tempfile.TemporaryDirectory() as d:
        paths = {k: os.path.join(d, k) for k in ("truth.tsv", "records.jsonl", "pairs.tsv", "out.md", "out.tsv", "misses.tsv")}
        with open(paths["truth.tsv"], "w") as f:
            f.writelines("\t".join(r) + "\n" for r in [COLS, *([t[c] for c in COLS] for t in TRUTH)])
        with open(paths["records.jsonl"], "w") as f:
            f.writelines(json.dumps(r) + "\n" for r in records)
        with open(paths["pairs.tsv"], "w") as f:
            f.write(PAIRS)
        argv = ["score.py", paths["truth.tsv"], paths["records.jsonl"], "--root", "/music", "--same-piece", paths["pairs.tsv"],
                "--label", "tool", "--md", paths["out.md"], "--tsv", paths["out.tsv"], "--misses", paths["misses.tsv"]]
        with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(io.StringIO()) as out:
            score.main()
        rows = {(r["section"], r["row"]): r for r in score.read_tsv(paths["out.tsv"])}
        return out.getvalue(), rows, score.read_tsv(paths["misses.tsv"])


class ScoreTest(unittest.TestCase):
    def test_counts(self):
        _, rows, _ = report()
        every = rows["overall", "all"]
        self.assertEqual([every[k] for k in ("n", "first", "accepted", "at_1pct", "wrong")], ["5", "4", "3", "4", "1"])
        self.assertEqual(rows["overall", "same speed"]["n"], "4")
        self.assertEqual(rows["overall", "same speed, 10 s"]["first"], "1")
        self.assertEqual((rows["negatives", "all"]["n"], rows["negatives", "all"]["wrong"]), ("2", "1"))
        self.assertEqual(rows["length", "same speed, joined"]["n"], "1")

    def test_offsets(self):
        _, rows, _ = report()
        self.assertEqual(float(rows["row", "clean"]["offset_median_ms"]), 30)
        self.assertEqual(float(rows["row", "layered 6 dB"]["elsewhere_pct"]), 100)

    def test_offset_line_follows_the_time_factor(self):
        part = score.Part("a", "a", 0.0, 10.0, 8.0, 1.25, 0.0, "main")
        m = score.Match("a", (1, 0), 1, True, [], 1.25, 0.0)
        self.assertAlmostEqual(score.offset_error(seg(2000, 6000, 10500, 1.25), m, part), 0)

    def test_misses_and_parts(self):
        text, _, misses = report()
        kinds = [(m["kind"], os.path.basename(m["query"])) for m in misses]
        self.assertEqual(kinds, [("wrong", "q1.flac"), ("miss", "q2.flac"), ("miss", "q4.flac"), ("false_alarm", "n2.flac")])
        self.assertEqual(misses[2]["rank"], "2")
        self.assertIn("| fraud-concat | 2 | 50.0 | 50.0 |", text)
        self.assertIn("1 records belong to queries outside this truth", text)

    def test_no_matches_at_all(self):
        _, rows, misses = report([{"type": "summary"}])
        self.assertEqual(rows["overall", "all"]["first"], "0")
        self.assertEqual(len(misses), 5)

    def test_ties_are_lost(self):
        _, rows, _ = report([match("q1", "a/1.ogg", 50), match("q1", "a/2.ogg", 50)])
        self.assertEqual(rows["overall", "all"]["first"], "0")

    def test_wilson_and_quantile(self):
        lo, hi = score.wilson(95, 100)
        self.assertAlmostEqual(lo, 88.8, 1)
        self.assertAlmostEqual(hi, 97.8, 1)
        self.assertEqual(score.quantile([1, 2, 3, 4], 0.5), 2.5)
        self.assertIsNone(score.quantile([], 0.5))


if __name__ == "__main__":
    unittest.main()
