"""python3 -m unittest benches/kinds/test_kinds.py (from the repository root): the truth of make_kinds.py, and the tables of kinds.py."""
import os, random, statistics, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kinds
try:
    import numpy as np
    import kinds_audio as ka, kinds_music as km, make_kinds as mk
except ImportError:
    np = None


def scale_of(n):
    return [(0.3 + 0.1 * i, 0.38 + 0.1 * i, 0, 40 + i % 40, 90, "X") for i in range(n)]


@unittest.skipUnless(np, "needs numpy, scipy and soundfile")
class Truth(unittest.TestCase):
    def written(self, score):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "x.mid")
            km.write_midi(score, path)
            return km.read_midi(path)

    def test_midi_round_trip(self):
        score = km.Score(scale_of(50), [(0.0, 0, 12, b"\x28"), (1.0, 0, 11, b"\x07\x50"), (2.0, 0, 14, b"\x00\x40")])
        back = self.written(score)
        self.assertEqual([n[3] for n in back.notes], [n[3] for n in score.notes])
        self.assertLess(max(abs(a[0] - b[0]) for a, b in zip(back.notes, score.notes)), 1.1e-4)
        self.assertEqual(back.controls, score.controls)

    def test_jitter_and_wander_are_what_is_named(self):
        score = km.Score(scale_of(300))
        for jitter in mk.JITTERS:
            again = km.perform(score, random.Random(jitter), jitter, 0, 31)
            key = lambda s: {n[3]: [m[0] for m in s.notes if m[3] == n[3]] for n in s.notes}
            a, b = key(score), key(again)
            moved = [1000 * (y - x) for p in a for x, y in zip(sorted(a[p]), sorted(b[p]))]
            self.assertAlmostEqual(statistics.pstdev(moved), jitter, delta=0.12 * jitter)
        for top in mk.WANDERS:
            e = km.wander(random.Random(top), top, 35)
            self.assertAlmostEqual(max(abs(e(t / 50)) for t in range(35 * 50)) * 1000, top, delta=0.01)

    def test_level_of_the_lead(self):
        gen = np.random.default_rng(1)
        backing = gen.standard_normal((441000, 2)).astype(np.float32) * 0.05
        lead = np.zeros_like(backing)
        for a in range(0, 441000, 88200):
            lead[a:a + 57330] = gen.standard_normal((57330, 2)) * 0.3
        for level in mk.LEVELS:
            mix, active = ka.lay_over(lead, backing, 44100, level)
            self.assertAlmostEqual(active, 0.65, delta=0.01)
            on = ka.active_mask(lead, 44100)
            quiet = ka.db(mix[~on]) - ka.db(backing[~on])           # turned down as a whole, if at all
            power = 10 ** ((ka.db(mix[on]) - quiet - ka.db(backing[on])) / 10) - 1
            self.assertAlmostEqual(10 * np.log10(power), level, delta=0.2)

    def test_griffin_lim_keeps_the_pitch(self):
        t = np.arange(44100 * 2) / 44100
        x = (0.3 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)[:, None]
        y = ka.griffin_mel(x, 44100, 256, np.random.default_rng(1))[:, 0]
        top = np.abs(np.fft.rfft(y * np.hanning(len(y)))).argmax() / 2
        self.assertAlmostEqual(top, 1000, delta=25)

    def test_tracks_that_hang_together(self):
        group = mk.groups_of([("b", "c"), ("a", "b"), ("x", "y")])
        self.assertEqual({group(n) for n in "abc"}, {"a"})
        self.assertEqual((mk.half_of("kinds-1"), mk.half_of("kinds-2"), mk.half_of("judge-11")), (1, 0, 1))


class Tables(unittest.TestCase):
    def test_counts(self):
        base = dict(query_pct=99.0, asset_pct=98.0, matched=30, peaks=100, note="pop909: x", family="sung")
        rows = [dict(base, **{"class": "backing"}, parameter="+0dB/mix-in-backing", kind="same_audio"),
                dict(base, **{"class": "backing"}, parameter="+0dB/backing-in-mix", kind="version"),
                {"class": "recording", "family": "mp3", "parameter": "64k", "note": "", "kind": "none"}]
        text = kinds.tables(rows)
        self.assertIn("| backing | 2 | 2 | 1 (50 %) | same_audio 1, version 1 | 99 | 98 | 0.30 |", text)
        self.assertIn("| mp3 | 64k | 1 | 0 | 0 (0 %) | none 1 |  |  |  |", text)
        self.assertIn("| +0dB | 2 |", text)


if __name__ == "__main__":
    unittest.main()
