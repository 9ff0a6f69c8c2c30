"""Unit tests of the arithmetic of unknown.py."""
import math, random, unittest

from unknown import (BUCKETS, LENGTHS, best_matches, bucket, chords, deal, difference, distinct, drum_pattern, families, np, plan,
                     poisson_interval, read_midi, table, tonic, write_midi)


def match(query, reference, log10_evalue, time_factor=1.0, pitch_cents=0.0):
    return {"type": "match", "query": {"path": query}, "reference": {"path": reference}, "log10_evalue": log10_evalue,
            "time_factor": time_factor, "pitch_cents": pitch_cents}


class Corpus(unittest.TestCase):
    def test_packages_that_share_music_by_way_of_others_are_one_family(self):
        family = families({"a", "b", "c", "d"}, [("c", "b"), ("a", "c"), ("d", "not here")])
        self.assertEqual(family, {"a": "a", "b": "a", "c": "a", "d": "d"})

    def test_folds_hold_about_as_much_music(self):
        self.assertEqual(deal({"a": 6.0, "b": 4.0, "c": 2.0, "d": 1.0}, 2), {"a": 0, "b": 1, "c": 1, "d": 0})

    def test_pieces_are_as_many_as_asked_for_and_lie_within_their_tracks(self):
        tracks = [{"number": i, "seconds": s} for i, s in enumerate((4.0, 8.0, 60.0, 240.0, 240.0, 960.0))]
        pieces = plan(tracks, 150, "seed")
        self.assertAlmostEqual(len(pieces), 150, delta=1)
        self.assertEqual(pieces, plan(tracks, 150, "seed"))
        for track, at, length in pieces:
            self.assertTrue(0 <= at <= track["seconds"] - length and length in LENGTHS)
        count = [sum(t["number"] == n for t, _, _ in pieces) for n in range(6)]
        self.assertEqual(count[0], 0)
        self.assertTrue(count[2] < count[3] < count[5] < 3 * count[3])
        self.assertLess(max(map(abs, (sum(p[2] == length for p in pieces) - 37.5 for length in LENGTHS))), 6)


class Tables(unittest.TestCase):
    def test_poisson_intervals_are_the_textbooks(self):
        for count, low, high in ((0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.63), (400, 361.8, 441.2)):
            found = poisson_interval(count)
            self.assertAlmostEqual(found[0], low, delta=0.01 * max(low, 0.1))
            self.assertAlmostEqual(found[1], high, delta=0.01 * high)

    def test_buckets(self):
        cases = [(1.004, 0.0), (1.0, -100.0), (1.05, 0.0), (1 / 1.2, 50.0), (1.4, 0.0)]
        self.assertEqual([bucket(match("q", "r", 0.0, t, p)) for t, p in cases], list(BUCKETS))

    def test_the_best_match_counts_and_relatives_do_not(self):
        found = [match("a", "own", -40.0), match("a", "x", -1.5), match("a", "y", -2.5, 1.3), match("b", "x", 0.5),
                 {"type": "scanned", "query": {"path": "a"}, "result": "matched"},
                 {"type": "scanned", "query": {"path": "c"}, "result": "no_match"},
                 {"type": "scanned", "query": {"path": "silent"}, "result": "no_features"}, {"type": "summary"}]
        best = best_matches(found, dict.fromkeys(("a", "b", "c", "silent"), {}), lambda piece, path: path == "own")
        self.assertEqual({name: m and m["reference"]["path"] for name, m in best.items()}, {"a": "y", "b": "x", "c": None})
        rows = table(best)
        self.assertEqual([r[2] for r in rows], [1, 1, 1, 0, 0])
        self.assertEqual(rows[2][5], [0, 0, 0, 0, 1])
        self.assertAlmostEqual(rows[1][1], 0.3)

    def test_honest_evalues_stay_inside_the_interval(self):
        draw = random.Random(3)
        best = {i: match(i, "r", math.log10(-math.log(1 - draw.random()))) for i in range(20_000)}
        for power, expected, _, low, high, _ in table(best)[1:]:
            self.assertTrue(low <= expected * 1.05 and expected * 0.95 <= high, power)

    def test_frequencies_and_moments_of_the_matched_peaks_are_counted_once(self):
        evidence = {"query": {"peaks": [[0, 1000], [900, 1010], [910, 2000], [5, 5]]}, "pairs": [[0, 0, 0], [1, 4, 0], [2, 6, 0]]}
        self.assertEqual(distinct(evidence), (2, 2, 3))


class Music(unittest.TestCase):
    def test_midi_comes_back(self):
        notes = [(0.5, 0.25, 60), (0.75, 0.5, 67), (0.75, 1.0, 64)]
        events = [(at + on * length, (0x90 if not on else 0x80, p, 90 if not on else 0)) for at, length, p in notes for on in (0, 1)]
        found = read_midi(write_midi(events))[""]
        for (a, b, p), (at, length, pitch) in zip(found, notes):
            self.assertAlmostEqual(a, at, delta=0.002), self.assertAlmostEqual(b, length, delta=0.002), self.assertEqual(p, pitch)

    def test_keys_and_chords(self):
        scale = [(i * 0.5, 0.5, p) for i, p in enumerate((62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62))]
        self.assertEqual(tonic(scale), 2)
        held = [(0.0, 2.0, p) for p in (48, 64, 67)] + [(2.0, 2.0, p) for p in (53, 60, 69)]
        self.assertEqual([(c[0], sorted(c)) for c in chords(held)], [(0, [0, 4, 7]), (5, [0, 5, 9])])

    def test_patterns_differ_as_they_should(self):
        a, b = drum_pattern(random.Random(1)), drum_pattern(random.Random(2))
        self.assertEqual(difference(a, a), 0)
        self.assertGreater(difference(a, b), 7)
        self.assertEqual(difference({36: {0, 4}}, {36: {0}, 38: {4}}), 2)

    @unittest.skipIf(np is None, "needs numpy")
    def test_shared_samples_show_under_other_music_and_the_same_chord_does_not(self):
        from unknown import RATE, sample_correlation
        draw, t = np.random.default_rng(1), np.arange(2 * RATE) / RATE
        chord = sum(np.sin(2 * np.pi * f * t + draw.uniform(0, 6)) for f in (220.0, 277.2, 329.6, 440.0))
        hit = draw.normal(0, 1, RATE // 4)
        query, reference = (chord + draw.normal(0, 0.3, len(t)) for _ in range(2))
        query = query[:RATE]
        near, far = sample_correlation(query, reference, 5000)
        self.assertLess(near, 2 * far)
        query[4000:8000] += hit
        reference[9000:13000] += hit
        near, far = sample_correlation(query, reference, 5000)
        self.assertGreater(near, 3 * far)

    @unittest.skipIf(np is None, "needs numpy")
    def test_a_drone_is_held_and_no_two_are_the_same_sound(self):
        from unknown import RATE, drone, over, rms
        for kind in ("tambura", "pipe", "pad"):
            one, other = drone(kind, 110.0, 5, 2.0, 1), drone(kind, 110.0, 5, 2.0, 2)
            self.assertEqual(len(one), 2 * RATE)
            self.assertGreater(min(rms(one[i:i + RATE // 2]) for i in range(0, len(one), RATE // 2)), 0.2 * rms(one))
            self.assertLess(abs(np.corrcoef(one, other)[0, 1]), 0.9)
            spectra = [np.abs(np.fft.rfft(x))[:8000] for x in (one, other)]
            top = [set(np.argsort(s)[-6:] // 4) for s in spectra]
            self.assertTrue(top[0] & top[1])
        mixed = over(np.ones(100), np.tile([1.0, -1.0], 50), 0.0)
        self.assertAlmostEqual(float(mixed[0]), 2.0, delta=1e-5)


if __name__ == "__main__":
    unittest.main()
