#!/usr/bin/env python3
"""Run with `python3 -m unittest benches/resemblance/test_resemblance.py`; standard library only."""
import json, math, os, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import midi
import resemblance as R


def record(query, reference, expected, z=5.0, accepted=False, transposition=2, tempo=1.1, q=(0, 20), r=(10, 32)):
    spans = {f"{side}_{end}_time_offset_ms": int(1000 * at) for side, both in (("sample", q), ("db", r)) for end, at in zip(("begin", "end"), both)}
    return {"type": "resemblance", "query": {"path": query}, "reference": {"path": reference}, "channel": "harmony", "transposition_semitones": transposition,
            "time_factor": tempo, **spans, "agreement_pct": 70.0, "z": z, "log10_evalue": math.log10(expected) if expected else -300.0, "accepted": accepted}


def finds(*records):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as f:
        f.writelines(json.dumps(r) + "\n" for r in ({"type": "begin"},) + records + ({"type": "summary"},))
    try:
        return list(R.read_finds(f.name))
    finally:
        os.remove(f.name)


def query(path, group, kind="same-20s", **more):
    truth = dict(group=group, semitones="2", tempo="1.1", reference_second="10", **more)
    return R.Query(path, kind, frozenset({group}), truth)


class Scores(unittest.TestCase):
    works = R.Works({"/a": "A", "/b": "B", "/c": "C", "/d": "D"}, {"C": {"A"}, "A": {"C"}})

    def judge(self, queries, *records):
        return R.judge(queries, finds(*records), self.works)

    def test_right_work_first_and_said(self):
        s = self.judge([query("/q", "A")], record("/q", "/a", 1e-4, accepted=True), record("/q", "/b", 0.5))[0]
        self.assertTrue(s.first and s.said)
        self.assertEqual(s.false, [])
        self.assertEqual(R.place_is_right(s), (True, True, True))

    def test_partner_of_the_right_work_is_no_false_alarm_but_not_right(self):
        s = self.judge([query("/q", "A")], record("/q", "/c", 1e-9, accepted=True))[0]
        self.assertFalse(s.first or s.said or s.false)

    def test_wrong_work_is_a_false_alarm(self):
        s = self.judge([query("/q", "A")], record("/q", "/b", 1e-9, accepted=True), record("/q", "/a", 1e-3))[0]
        self.assertFalse(s.first)
        self.assertEqual(len(s.false), 1)

    def test_nothing_found_is_not_first(self):
        self.assertFalse(self.judge([query("/q", "A")])[0].first)

    def test_equal_e_values_are_told_apart_by_z(self):
        s = self.judge([query("/q", "A")], record("/q", "/a", 0.0, z=9), record("/q", "/b", 0.0, z=8))[0]
        self.assertTrue(s.first)

    def test_recall_counts_above_the_worst_wrong_score_of_all_queries(self):
        queries = [query(f"/q{i}", "A") for i in range(3)]
        s = self.judge(queries, record("/q0", "/a", 1e-6), record("/q1", "/a", 1e-2), record("/q1", "/b", 0.9), record("/q2", "/b", 1e-3))
        self.assertAlmostEqual(R.recall(s, 0), 1 / 3)
        self.assertAlmostEqual(R.recall(s, 1), 2 / 3)

    def test_surroundings_of_a_hook_are_not_false_but_not_right(self):
        q = R.Query("/q", "hook-10s", frozenset({"A", "B"}), {"group": "A"})
        s = R.judge([q], finds(record("/q", "/b", 1e-9, accepted=True)), self.works)[0]
        self.assertEqual((s.false, s.said), ([], False))

    def test_hook_place_is_measured_from_the_hook(self):
        s = self.judge([query("/q", "A", hook_begin="5.0")], record("/q", "/a", 1e-6, q=(5, 15), r=(10, 21)))[0]
        self.assertEqual(R.place_is_right(s)[2], True)

    def test_keys_are_the_same_an_octave_apart(self):
        s = self.judge([query("/q", "A")], record("/q", "/a", 1e-6, transposition=-10))[0]
        self.assertTrue(R.place_is_right(s)[0])


class Figures(unittest.TestCase):
    def test_upper_bound_of_none_seen_is_three(self):
        self.assertAlmostEqual(R.poisson_upper(0), 3.0, places=1)
        self.assertAlmostEqual(R.poisson_upper(2), 6.3, places=1)

    def test_chance_of_so_many(self):
        self.assertEqual(R.poisson_at_least(0, 0.1), 1)
        self.assertAlmostEqual(R.poisson_at_least(1, 0.1), 0.0952, places=3)

    def test_e_values_count_wrong_works_once_for_each_pair(self):
        works = Scores.works
        queries = [query("/q", "A")]
        lines = R.expected_table([("x", queries, finds(record("/q", "/b", 0.05), record("/q", "/b", 0.02), record("/q", "/a", 1e-9)))], works)
        self.assertIn("0.1 / 1", lines[-1])
        self.assertIn("0.01 / 0", lines[-1])


class Midi(unittest.TestCase):
    def notes(self):
        return [midi.Note(0.0, 0.5, 60, 90, 0, 5, ""), midi.Note(0.0, 1.0, 48, 90, 1, 7, ""), midi.Note(0.5, 1.0, 64, 90, 0, 5, "")]

    def read(self, data):
        with tempfile.NamedTemporaryFile(suffix=".mid", delete=False) as f:
            f.write(data)
        try:
            return midi.read(f.name)
        finally:
            os.remove(f.name)

    def test_notes_come_back_moved_and_faster(self):
        back = self.read(midi.write(self.notes(), tempo=1.25, semitones=3))
        self.assertEqual([(n.pitch, n.program) for n in back], [(51, 7), (63, 5), (67, 5)])
        self.assertAlmostEqual(back[-1].begin, 0.4, places=2)

    def test_a_whole_file_is_rewritten(self):
        back = self.read(midi.rewrite(midi.write(self.notes()), 0.8, -2, lambda c, p: p + 1))
        self.assertEqual([(n.pitch, n.program) for n in back], [(46, 8), (58, 6), (62, 6)])
        self.assertAlmostEqual(back[-1].begin, 0.625, places=2)

    def test_upper_voice_leaves_the_bass_out(self):
        self.assertEqual([n.pitch for n in midi.upper_voice(self.notes())], [60, 64])


if __name__ == "__main__":
    unittest.main()
