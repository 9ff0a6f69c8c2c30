#!/usr/bin/env python3
"""usage: python3 -m unittest test_score_families.py   (in this folder)

Checks score_families.py on a hand-made batch whose figures can be counted by hand."""
import contextlib, io, json, os, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import score_families as score

HEAD = "file\tfamily\tclass\tparameters\toriginal\tsource\tsource_offset\tlength"


def row(name, family, cls, original="-", **parameters):
    return "\t".join([f"uploads/{name}", family, cls, json.dumps(parameters), original and f"uploads/{original}" if original != "-" else "-",
                      "x.ogg", "0", "60"])


TRUTH = "\n".join([
    HEAD,
    row("a.mp3", "f1", "original", "a.mp3"),
    row("a-fast.mp3", "f1", "speed", "a.mp3", steps=[{"op": "speed", "factor": 1.05}], codec="mp3-128"),
    row("a-high.mp3", "f1", "pitch", "a.mp3", steps=[{"op": "pitch", "semitones": 1.0, "by": "sox"}]),
    row("a-rain.mp3", "f1", "layer-rain", "a.mp3"),
    row("b.mp3", "f2", "original", "b.mp3"),
    row("b-copy.mp3", "f2", "copy", "b.mp3"),
    row("c.mp3", "-", "unrelated"),
    row("l1.mp3", "-", "shared-loop", loop={"id": "loop01"}),
    row("l2.mp3", "-", "shared-loop", loop={"id": "loop01"}),
]) + "\n"


def edge(a, b, factor=1.0, cents=0.0):
    return {"a": a, "b": b, "a_pct": 90, "b_pct": 90, "time_factor": factor, "pitch_cents": cents}


def cluster(name, members, *edges):
    paths = [f"/elsewhere/batch/uploads/{m}" for m in members]
    return {"type": "cluster", "cluster_id": name, "members": paths, "member_details": [{"path": p} for p in paths], "edges": list(edges)}


# a, a-fast and a-high are together, with an edge that is written the other way round and one that is wrong about pitch;
# a-rain is missed, a stranger is in the cluster, b is whole, and the two with a loop in common are joined.
RECORDS = [
    {"type": "begin"},
    cluster("k1", ["a-fast.mp3", "a-high.mp3", "a.mp3", "c.mp3"], edge(0, 2, 1 / 1.05, -84.47), edge(2, 1, 1.0, 60.0), edge(1, 3)),
    cluster("k2", ["b-copy.mp3", "b.mp3"], edge(0, 1)),
    cluster("k3", ["l1.mp3", "l2.mp3"], edge(0, 1)),
    {"type": "summary"},
]


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path("truth.tsv", TRUTH)

    def path(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def scores(self, records=RECORDS, truth=TRUTH):
        known = score.read_truth(self.path("truth.tsv", truth))
        lines = self.path("records.jsonl", "".join(json.dumps(r) + "\n" for r in records))
        return score.Scores(known, *score.read_clusters(lines, score.Names(known)))


class Figures(Folder):
    def test_pairs_of_clusters_and_of_edges(self):
        figures = self.scores().figures()
        # 6 + 1 + 1 pairs in clusters, 3 + 1 of them true; true pairs 6 + 1.
        self.assertEqual(figures["pairs"], (4 / 8, 4 / 7))
        # Edges: 3 + 1 + 1, true ones a/a-fast, a/a-high, b/b-copy.
        self.assertEqual(figures["edges only"], (3 / 5, 3 / 7))

    def test_classes_count_edges_to_the_original_and_what_they_tell(self):
        classes = self.scores().classes()
        self.assertEqual(classes["speed"], [1, 1, 1, 1])          # told right, though written from the variant
        self.assertEqual(classes["pitch"], [1, 1, 1, 0])          # 60 cents said, 100 true
        self.assertEqual(classes["layer-rain"], [1, 0, 0, 0])
        self.assertEqual(classes["copy"], [1, 1, 1, 1])
        self.assertNotIn("original", classes)

    def test_whole_families_loops_and_outsiders(self):
        s = self.scores()
        self.assertEqual(s.whole(), (1, 2))
        self.assertEqual(s.loops(), (1, 1))
        self.assertEqual(s.outsiders(), [("f1", "uploads/a-rain.mp3", None)])

    def test_nothing_found_is_precise_and_finds_nothing(self):
        s = self.scores([{"type": "begin"}])
        self.assertEqual(s.figures()["pairs"], (1.0, 0.0))
        self.assertEqual(len(s.outsiders()), 6)

    def test_tracks_that_the_truth_does_not_name_are_left_out(self):
        s = self.scores([cluster("k", ["b.mp3", "old.mp3", "b-copy.mp3"], edge(0, 1), edge(1, 2))])
        self.assertEqual((s.foreign, s.figures()["pairs"][0], s.figures()["edges only"][1]), (1, 1.0, 0.0))

    def test_interpolations_by_distance(self):
        truth = "\n".join([HEAD] + [row(f"r{k}.mp3", "r1", "interpolation", "r0.mp3", clip=k) for k in range(3)]) + "\n"
        s = self.scores([cluster("k", ["r0.mp3", "r1.mp3"], edge(0, 1))], truth)
        self.assertEqual(s.distances(), {1: [2, 1, 1], 2: [1, 0, 0]})
        self.assertEqual(s.classes(), {})


class Telling(Folder):
    def run_main(self, *options):
        out = io.StringIO()
        records = self.path("records.jsonl", "".join(json.dumps(r) + "\n" for r in RECORDS))
        with contextlib.redirect_stdout(out):
            score.main([os.path.join(self.folder.name, "truth.tsv"), records, *options])
        return out.getvalue()

    def test_tables_name_what_went_wrong(self):
        pairs = os.path.join(self.folder.name, "pairs.tsv")
        text = self.run_main("--pairs", pairs)
        self.assertIn("| pairs | 50.00 % | 57.14 % | 4 | 3 |", text)
        self.assertIn("Families found whole: 1 of 2. Strangers with a loop in common: 1 of 1 groups joined.", text)
        self.assertIn("uploads/a-rain.mp3 (f1, layer-rain): in no cluster", text)
        self.assertIn("with uploads/c.mp3 (-, unrelated), by an edge", text)
        with open(pairs, encoding="utf-8") as f:
            kinds = [line.split("\t")[0] for line in f][1:]
        self.assertEqual(kinds, ["false"] * 4 + ["missed"] * 3)

    def test_a_requirement_that_is_missed_fails(self):
        with self.assertRaises(SystemExit):
            self.run_main("--require", "99,95")
        self.run_main("--require", "50,57")


if __name__ == "__main__":
    unittest.main()
