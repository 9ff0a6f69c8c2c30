"""Unit tests of the calibration's arithmetic."""
import math, random, unittest

from calibrate import fit, nats


class Calibration(unittest.TestCase):
    def test_constants_are_recovered_from_their_own_law(self):
        lam, hour_score, hours = 0.17, 1.0, 20.0
        draw = random.Random(7)
        scale = hours * math.exp(lam * hour_score)
        # Best of many chance matches: P(S > s) = 1 - exp(-hours * exp(-lam * (s - hour_score))).
        scores = [math.log(scale / -math.log(draw.random())) / lam for _ in range(20_000)]
        fitted = fit(scores, hours, share=0.05)
        self.assertAlmostEqual(fitted[0], lam, delta=0.01)
        self.assertAlmostEqual(fitted[1], hour_score, delta=2.0)

    def test_scores_come_back_from_evalues(self):
        self.assertAlmostEqual(nats(math.log10(20), 20.0, 0.17, 0.8), 0.8)


if __name__ == "__main__":
    unittest.main()
