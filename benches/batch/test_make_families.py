#!/usr/bin/env python3
"""usage: python3 -m unittest test_make_families.py   (in this folder)

Checks the plan of make_families.py on a made-up corpus; no audio is touched."""
import argparse, collections, os, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_families as make

HEAD = ["file", "package", "split", "duration", "codec"]


class Plan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        rows = [(f"p{i % 40}/{i}.ogg", f"p{i % 40}", "dev", 40 + i * 37 % 260, "vorbis") for i in range(450)]
        # A pair that the list of related tracks names, and stems of one piece.
        cls.related = next(make.relatives("/no/such/file"))
        rows += [(f, "related", "dev", 130, "vorbis") for f in cls.related]
        rows += [(f"x/sequencer/t/{i}.ogg", "stems", "dev", 90, "vorbis") for i in range(4)]
        cls.split = os.path.join(cls.folder.name, "split.tsv")
        with open(cls.split, "w", encoding="utf-8") as f:
            f.write("\n".join("\t".join(map(str, r)) for r in [HEAD, *rows]) + "\n")
        cls.jobs = cls.plan("s")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def plan(cls, seed):
        return make.make_plan(argparse.Namespace(split=cls.split, root=cls.folder.name, split_name="dev", seed=seed, families=40, tracks=500))

    def test_the_seed_decides(self):
        self.assertEqual(self.jobs, self.plan("s"))
        self.assertNotEqual(self.jobs, self.plan("t"))

    def test_size_and_families(self):
        self.assertEqual((len(self.jobs), len({j["file"] for j in self.jobs})), (500, 500))
        members = collections.Counter(j["family"] for j in self.jobs if j["family"] != "-")
        self.assertEqual(len(members), 40)
        self.assertTrue(all(4 <= n <= 13 for n in members.values()))
        self.assertEqual({j["cls"] for j in self.jobs}, set(make.CLASSES) | {"original", "same-album", "unrelated", "shared-loop"})

    def test_no_track_is_in_two_uploads_that_are_strangers(self):
        users = collections.defaultdict(set)
        for j in self.jobs:
            users[j["source"]].add(j["family"] if j["family"] != "-" else j["file"])
            for s in j["steps"]:
                if "file" in s:
                    users[s["file"]].add((j["file"], "layer"))
            if "loop" in j:
                users[j["loop"]["file"]].add(j["loop"]["id"])
        self.assertEqual([], [f for f, used in users.items() if len(used) > 1])

    def test_related_tracks_never_both_occur(self):
        used = {j["source"] for j in self.jobs} | {s["file"] for j in self.jobs for s in j["steps"] if "file" in s}
        self.assertLessEqual(len(used & set(self.related)), 1)
        self.assertLessEqual(sum("/sequencer/" in f for f in used), 1)

    def test_cuts_lie_inside_their_tracks(self):
        length = {r["file"]: float(r["duration"]) for r in make.read_tsv(self.split)}
        for j in self.jobs:
            self.assertGreaterEqual(j["source_offset"], 0)
            self.assertLessEqual(j["source_offset"] + j["length"], length[j["source"]])
            for place in j.get("loop", {}).get("places", []):
                self.assertLess(place + 8, j["length"])

    def test_declarations_tell_the_stories(self):
        stories = collections.defaultdict(list)
        for j in self.jobs:
            self.assertEqual(j["declared"]["filename"], os.path.basename(j["file"]))
            if j["family"] != "-":
                stories[j["story"], j["family"]].append(j)
        for (story, _), jobs in stories.items():
            said = lambda key: {j["declared"][key] for j in jobs}
            if story == "redelivery":
                self.assertEqual((len(said("isrc")), len(said("title")), len(said("account"))), (1, 1, 1))
                self.assertLessEqual({j["cls"] for j in jobs}, make.MILD | {"original"})
            if story == "many_names":
                self.assertEqual(len(said("account")), 1)
                self.assertGreater(len(said("artist")), 1)
            if story == "transfer":
                self.assertEqual((len(said("isrc")), len(said("account"))), (1, 2))
        self.assertEqual(len({story for story, _ in stories}), len(make.stories.STORIES))


if __name__ == "__main__":
    unittest.main()
