#!/usr/bin/env python3
"""usage: python3 -m unittest test_edits.py   (in this folder)

Checks the truth that make_edits.py writes and the figures of edits.py on cases counted by hand."""
import array, os, random, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import edits
import make_edits
from make_edits import Edit, Pcm, Tools

RATE = 8000


def ramp(seconds):
    """Mono audio in which every frame tells its place (modulo 30,000)."""
    return Edit.whole(Pcm(RATE, 1, array.array("h", (i % 30000 for i in range(round(seconds * RATE))))))


def tools(fade=0.0, seed=1):
    return Tools(random.Random(seed), None, fade, None)


def segment(a, b, c, d):
    return {"sample_begin_time_offset_ms": a, "sample_end_time_offset_ms": b,
            "db_begin_time_offset_ms": c, "db_end_time_offset_ms": d}


class Truth(unittest.TestCase):
    def agrees(self, edit, slack=0):
        """Every frame of the copy is the frame of the source that the pieces name."""
        self.assertAlmostEqual(edit.pieces[0].q0, 0)
        self.assertAlmostEqual(edit.pieces[-1].q1, edit.frames())
        for p, after in zip(edit.pieces, edit.pieces[1:]):
            self.assertAlmostEqual(p.q1, after.q0)
        for p in edit.pieces:
            if p.s0 is not None and p.q1 - p.q0 > 2 * slack:
                at = int(p.q0) + 1 + slack
                self.assertEqual(edit.pcm.data[at], (p.s0 + at - p.q0) % 30000)

    def test_a_cut(self):
        e = make_edits.cut(ramp(20), "300ms", tools())
        self.assertEqual(e.frames(), 20 * RATE - 2400)
        self.assertEqual(len(e.pieces), 2)
        self.agrees(e)
        rows = make_edits.listed(e)
        self.assertAlmostEqual(rows[1][2] - rows[0][3], 0.3, places=4)

    def test_a_crossfade_shortens(self):
        e = make_edits.cut(ramp(20), "300ms", tools(0.005))
        self.assertEqual(e.frames(), 20 * RATE - 2400 - 40)
        self.agrees(e, slack=40)

    def test_jump_cuts(self):
        for fade in (0.0, 0.005):
            e = make_edits.jumps(ramp(60), "1-2s", tools(fade))
            self.assertTrue(30 < len(e.pieces) < 60)
            self.agrees(e, slack=round(fade * RATE))

    def test_silence_is_from_nowhere(self):
        e = make_edits.insert(ramp(20), "silence-200ms", tools())
        self.assertEqual([p.s0 is None for p in e.pieces], [False, True, False])
        self.assertAlmostEqual(e.pieces[1].q1 - e.pieces[1].q0, 1600)
        self.agrees(e)

    def test_a_stutter_goes_back(self):
        e = make_edits.insert(ramp(20), "stutter-100ms", tools())
        rows = make_edits.listed(e)
        self.assertEqual(len(rows), 2)
        self.assertAlmostEqual(rows[0][3] - rows[1][2], 0.1, places=4)
        self.agrees(make_edits.stutter(ramp(60), "50-200ms", tools()))

    def test_pauses(self):
        data = array.array("h", [8000] * RATE + [0] * RATE + [8000] * RATE)
        e = make_edits.pauses(Edit.whole(Pcm(RATE, 1, data)), "150ms-40ms", tools())
        self.assertEqual(e.frames(), 3 * RATE - round(0.92 * RATE))

    def test_two_edits_on_each_other(self):
        e = make_edits.jumps(make_edits.stutter(ramp(60), "", tools()), "2-5s", tools(seed=3))
        self.agrees(e)

    def test_a_plan_is_the_same_twice(self):
        tracks = [dict(file=f"p{i % 7}/{i}.ogg", package=f"p{i % 7}", duration="100", role="ref") for i in range(300)]
        one, two = (make_edits.make_plan(tracks, "edits-1", 3) for _ in range(2))
        self.assertEqual(one, two)
        held = make_edits.make_plan(tracks, "edits-2", 3)
        used = lambda plan: {s["file"] for s in plan[0] if "file" in s}
        self.assertFalse(used(one) & used(held))


class Score(unittest.TestCase):
    PIECES = [[0, 10, 0, 10, 1.0, 0], [10, 11, None, None, 1.0, 0], [11, 20, 10.5, 19.5, 1.0, 0]]

    def test_all_right(self):
        right, wrong = edits.coverage(self.PIECES, [segment(0, 10000, 0, 10000), segment(11000, 20000, 10500, 19500)])
        self.assertAlmostEqual(right, 1)
        self.assertEqual(wrong, 0)

    def test_half_is_laid_on_the_wrong_place(self):
        right, wrong = edits.coverage(self.PIECES, [segment(0, 20000, 0, 20000)])
        self.assertAlmostEqual(right, 10 / 19, places=3)
        self.assertAlmostEqual(wrong, 9 / 19, places=3)

    def test_between_the_lines_is_neither(self):
        right, wrong = edits.coverage([[0, 10, 0, 10, 1, 0]], [segment(0, 10000, 150, 10150)])
        self.assertEqual((right, wrong), (0, 0))

    def test_speed(self):
        right, _ = edits.coverage([[0, 10, 5, 16, 1.1, 0]], [segment(0, 10000, 5000, 16000)])
        self.assertAlmostEqual(right, 1)

    def test_a_copy(self):
        copy = edits.Copy("audio/a.mp3", "sources/s.flac", "cut", "60ms", "main", "-", [[0, 10, 0, 10, 1, 0]])
        match = lambda name: {"type": "match", "accepted": True, "match_kind": "excerpt", "query": {"path": "/x/audio/a.mp3"},
                              "reference": {"path": name}, "segments": [segment(0, 5000, 0, 5000)],
                              "query_match_pct": 50, "asset_match_pct": 50}
        records = [match("/x/sources/s.flac"), match("/x/sources/t.flac"),
                   {"type": "verdict", "subject": "/x/audio/a.mp3", "verdict": "hold"}]
        t = edits.scanned(records, [copy])["audio/a.mp3"]
        self.assertEqual((t.kind, t.other, t.level, round(t.correct, 3)), ("excerpt", 1, "hold", 0.5))

    def test_groups(self):
        wanted = {"g1": {"a", "b", "s"}, "g2": {"c", "d", "t"}}
        records = [{"type": "cluster", "members": ["/x/a", "/x/b", "/x/s"]}, {"type": "cluster", "members": ["/x/c", "/x/t"]}]
        g = edits.grouped(records, wanted)
        self.assertEqual((g.whole, g.strangers), ({"g1": 3, "g2": 2}, 0))


if __name__ == "__main__":
    unittest.main()
