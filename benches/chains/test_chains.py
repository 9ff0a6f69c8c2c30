#!/usr/bin/env python3
"""usage: python3 -m unittest test_chains.py   (in this folder)

Checks how make_chains.py joins chunks, and the figures of chains.py on cases counted by hand."""
import array, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chains
import make_chains
from chains import Chunk, Query


def chunk(track, begin, end, source=0.0, speed=1.0, level="hard", change="none", noise="none", snr="-"):
    return Chunk(track, begin, end, end - begin, source, speed, change, noise, snr, level, ("edge", "edge"))


def match(query, track, *segments):
    return {"type": "match", "accepted": True, "query": {"path": "/x/audio/" + query}, "reference": {"path": "/music/" + track},
            "segments": [dict(zip(("sample_begin_time_offset_ms", "sample_end_time_offset_ms", "db_begin_time_offset_ms",
                                   "db_end_time_offset_ms"), (1000 * x for x in s))) for s in segments]}


class Joining(unittest.TestCase):
    def test_places(self):
        out = array.array("h")
        one = array.array("h", [1000] * 100)
        self.assertEqual(make_chains.laid(out, one, "edge", 0, "overlap", 20), 0)
        self.assertEqual(make_chains.laid(out, one, "overlap", 20, "fade", 10), 80)
        self.assertEqual(make_chains.laid(out, one, "fade", 10, "concat", 0), 180)
        self.assertEqual(make_chains.laid(out, one, "concat", 0, "edge", 0), 280)
        self.assertEqual(len(out), 380)
        self.assertTrue(all(995 <= x <= 1000 for x in out[80:100]), "two straight fades add up to one")
        self.assertTrue(out[179] < 100 and out[180] < 100 and out[280] == 1000)
        self.assertEqual(list(one), [1000] * 100, "the chunk itself stays as it is")

    def test_a_plan_is_the_same_twice(self):
        rows = [dict(file=f"{i}.ogg", role="ref" if i % 5 else "neg", duration="90") for i in range(100)]
        plans = [make_chains.make_plan(rows, {"1.ogg": {"2.ogg"}}, "chains-1", "hard", 20) for _ in range(2)]
        self.assertEqual(*plans)
        for q in plans[0]:
            files = [c["file"] for c in q["chunks"]]
            self.assertEqual(len(files), len(set(files)))
            self.assertFalse("1.ogg" in files[:files.index("2.ogg")] if "2.ogg" in files else False)
            self.assertTrue(3 <= len(files) <= 9)
        self.assertEqual(plans[0][:5], make_chains.make_plan(rows, {"1.ogg": {"2.ogg"}}, "chains-1", "hard", 5))


class Scoring(unittest.TestCase):
    def scored(self, records, relatives=None, level="hard"):
        q = Query("audio/q.mp3", level, [chunk("a.ogg", 0, 10, 30), chunk("b.ogg", 10, 20, 5, 1.1)])
        chains.read_records(records, {q.file: q}, chains.namer(["a.ogg", "b.ogg", "c.ogg"]))
        return chains.score([q], relatives or {})

    def test_all_found(self):
        t = self.scored([match("q.mp3", "a.ogg", (0, 10, 30, 40)), match("q.mp3", "b.ogg", (10, 20, 5, 16))])
        self.assertEqual((t.tp, t.fp, t.fn), (2, 0, 0))
        self.assertAlmostEqual(t.got_s, 20)
        self.assertAlmostEqual(t.place_s, 20)
        self.assertAlmostEqual(t.told_right_s / t.told_s, 1)

    def test_half_and_a_wrong_place(self):
        t = self.scored([match("q.mp3", "a.ogg", (0, 5, 30, 35)), match("q.mp3", "b.ogg", (10, 20, 50, 61))])
        self.assertAlmostEqual(t.got_s, 15)
        self.assertAlmostEqual(t.place_s, 5)

    def test_a_relative_is_dropped_and_a_stranger_is_not(self):
        records = [match("q.mp3", "a.ogg", (0, 10, 30, 40)), match("q.mp3", "c.ogg", (0, 10, 0, 10))]
        self.assertEqual(self.scored(records).fp, 1)
        t = self.scored(records, {"a.ogg": {"c.ogg"}})
        self.assertEqual((t.tp, t.fp, t.fn), (1, 0, 1))
        self.assertAlmostEqual(t.told_s, 10)

    def test_too_long_a_match(self):
        t = self.scored([match("q.mp3", "a.ogg", (0, 20, 30, 50))])
        self.assertAlmostEqual(t.told_right_s, 10.5)
        self.assertAlmostEqual(t.told_s, 20)

    def test_unknown(self):
        t = self.scored([match("q.mp3", "c.ogg", (0, 5, 0, 5))], level="unknown")
        self.assertEqual((t.tp, t.fp, t.fn, t.alarmed, t.chunks), (0, 1, 0, 1, []))

    def test_kinds(self):
        t = self.scored([match("q.mp3", "a.ogg", (0, 10, 30, 40))])
        rows = chains.kind_table({"standard": t.chunks})
        self.assertIn("| change | none | 2 | 1 | 50.0 |", rows)


if __name__ == "__main__":
    unittest.main()
