#!/usr/bin/env python3
"""usage: train.py FOLDER voice.bin [--steps 3000] [--seed 1]

Fits the weights by which `src/works/melody/voice.rs` tells the tune from the other notes.

FOLDER holds SONG_KIND.f32 (`melody_frames` of a rendering) and SONG_KIND.truth.npy (`tunes.py`: the
tune's MIDI number by eighth of a second, 0 where it rests). Songs of odd number are fitted to, the
others are reported on: the share of frames in which the tune sounds and its pitch class is found, by
kind of rendering, mean and median of the songs; first for the highest pitch that sounds, then for the fit.

Candidates, patches and facts are those of voice.rs, and have to stay so.  The loss is the cross
entropy of the softmax over a frame's candidates and 'no tune', half by the exact pitch and half by its
class.  Needs numpy, jax and optax; one thread, the same result for the same seed and versions.
"""
import argparse
import glob
import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
import jax
import jax.numpy as jnp
import numpy as np
import optax

NOTES, LOWEST = 88, 21
RANGE, LIKELIHOOD, SILENCE, SCALE, CEILING, QUIETEST, LEVEL_REACH = (19, 80), 0.14, 0.12, 0.6, 1.2, -21.0, 16
CANDIDATES, SPAN, HIDDEN = 8, 24, 40
TIMES = [(-32, -17), (-16, -9), (-8, -6), (-5, -4), (-3, -3), (-2, -2), (-1, -1), (0, 0),
         (1, 1), (2, 2), (3, 3), (4, 5), (6, 8), (9, 16), (17, 32)]
PATCH, FACTS = len(TIMES) * (2 * SPAN + 1), 9
HEIGHT = 4      # the place of the height among the facts
NO_TUNE = 0.25  # what a frame of rest counts beside one with the tune
DROPPED, DECAY, BATCH, TRACKS = 0.2, 6e-4, 768, 12


class Track:
    """A rendering: its candidates and what is known of them."""

    def __init__(self, name, values, truth):
        self.song, self.kind = name.split("_")
        count = min(len(values), len(truth))
        notes, level, harmonics = np.split(values[:count], 3, axis=1)
        self.notes, self.truth = notes, truth[:count].astype(int)
        patch = np.clip((notes - SILENCE) / SCALE, 0, CEILING).astype(np.float32)
        self.patches = np.lib.stride_tricks.sliding_window_view(columns(patch), 2 * SPAN + 1, axis=2)
        allowed = np.where((np.arange(NOTES) >= RANGE[0]) & (np.arange(NOTES) < RANGE[1]), notes, 0)
        self.note = np.argsort(-allowed, 1, kind="stable")[:, :CANDIDATES]
        self.live = np.take_along_axis(allowed, self.note, 1) > LIKELIHOOD
        self.facts = self._facts(patch, np.maximum(level, QUIETEST), np.maximum(harmonics, QUIETEST))

    def _facts(self, patch, level, harmonics):
        level, harmonics, value = (np.take_along_axis(x, self.note, 1) for x in (level, harmonics, patch))
        loudest = np.where(self.live, harmonics, QUIETEST).max(1, keepdims=True)
        loudest_level = np.where(self.live, level, QUIETEST).max(1, keepdims=True)
        at = np.arange(len(value))
        low, high = np.maximum(0, at - LEVEL_REACH), np.minimum(len(at), at + LEVEL_REACH + 1)
        total = np.concatenate([[0], np.cumsum(loudest[:, 0])])
        usual = ((total[high] - total[low]) / (high - low))[:, None]
        height = (self.note - 44) / 12
        above = ((self.note[:, None] > self.note[:, :, None]) & self.live[:, None]).sum(2)
        return np.stack([(harmonics - loudest) / 4, (level - loudest_level) / 4, (harmonics - usual) / 4,
                         (level - harmonics) / 4, height, height ** 2, above / 4, above == 0, value],
                        -1).astype(np.float32)

    def inputs(self, frames):
        patch = np.moveaxis(self.patches[:, frames[:, None], self.note[frames]], 0, 2)
        return np.concatenate([patch.reshape(len(frames), CANDIDATES, -1), self.facts[frames]], -1)

    def right(self, pitch):
        sounds = self.truth > 0
        return np.mean((pitch[sounds] > 0) & ((pitch[sounds] - self.truth[sounds]) % 12 == 0))

    def highest(self):
        """The choice to beat: the highest pitch from MIDI 55 that sounds well enough."""
        live = self.notes > np.maximum(0.25, 0.5 * self.notes.max(1, keepdims=True))
        live[:, :55 - LOWEST] = False
        return np.where(live.any(1), NOTES - 1 - np.argmax(live[:, ::-1], 1) + LOWEST, 0)


def columns(values):
    """Means over the spans of time about each frame, with silence about the notes."""
    count = len(values)
    total = np.concatenate([np.zeros((1, NOTES)), np.cumsum(values, 0, dtype=np.float64)])
    out = np.zeros((len(TIMES), count, NOTES + 2 * SPAN), np.float32)
    at = np.arange(count)
    for column, (first, last) in zip(out, TIMES):
        low, high = np.clip(at + first, 0, count), np.clip(at + last + 1, 0, count)
        column[:, SPAN:SPAN + NOTES] = (total[high] - total[low]) / (last - first + 1)
    return out


def scores(p, inputs, live):
    hidden = jax.nn.relu(inputs @ p["hidden"] + p["bias"])
    facts = inputs[..., PATCH:]
    score = jnp.where(live, hidden @ p["output"] + facts @ p["facts"], -30.0)
    strongest = jnp.max(jnp.where(live, facts[..., -1], 0), -1)
    silent = p["silence"][0] + p["silence"][1] * strongest
    return jax.nn.log_softmax(jnp.concatenate([silent[:, None], score], -1))


def loss(p, inputs, live, note, truth, key):
    keep = jax.random.bernoulli(key, 1 - DROPPED, (len(inputs), 1, PATCH)) / (1 - DROPPED)
    inputs = jnp.concatenate([inputs[..., :PATCH] * keep, inputs[..., PATCH:]], -1)
    log = scores(p, inputs, live)
    off = note + LOWEST - truth[:, None]
    sounds = (truth > 0)[:, None] & live
    exact, octaves = sounds & (off == 0), sounds & (off % 12 == 0)
    sum_of = lambda which: -jax.nn.logsumexp(jnp.where(which, log[:, 1:], -40.0), -1)
    by_class = sum_of(octaves)
    tune = jnp.where(exact.any(-1), (sum_of(exact) + by_class) / 2, by_class)
    weight = jnp.where(truth > 0, octaves.any(-1) * 1.0, NO_TUNE)
    each = jnp.where(weight > 0, jnp.where(truth > 0, tune, -log[:, 0]), 0)
    return jnp.sum(weight * each) / jnp.sum(weight) + DECAY * jnp.sum(p["hidden"] ** 2)


def batch(tracks, rng):
    parts = []
    for track in (tracks[i] for i in rng.integers(len(tracks), size=TRACKS)):
        frames = rng.integers(len(track.truth), size=BATCH // TRACKS)
        inputs = track.inputs(frames)
        # The range of a voice or an instrument says little: heights are moved by some semitones.
        height = inputs[..., PATCH + HEIGHT] + rng.normal() * 0.25
        inputs[..., PATCH + HEIGHT], inputs[..., PATCH + HEIGHT + 1] = height, height ** 2
        parts.append((inputs, track.live[frames], track.note[frames], track.truth[frames]))
    return [np.concatenate(part) for part in zip(*parts)]


def choice(p, track, log_scores):
    """As voice.rs chooses: the class with the greatest sum, how sure it is, and its likeliest pitch."""
    at = np.arange(len(track.truth))
    padded = np.concatenate([at, np.full(-len(at) % 140, at[-1])])
    log = np.concatenate([log_scores(p, track.inputs(f), track.live[f]) for f in padded.reshape(-1, 140)])[:len(at)]
    weight = np.where(track.live, np.exp(log[:, 1:]), 0)
    classes = np.stack([np.where(track.note % 12 == k, weight, 0).sum(1) for k in range(12)], 1)
    best = classes.argmax(1)
    leader = np.where(track.note % 12 == best[:, None], weight, -1).argmax(1)
    pitch = track.note[at, leader] + LOWEST
    return np.where(track.live[:, 0], pitch, 0), classes.max(1)


def report(name, tracks, pitches):
    kinds = {}
    for track, pitch in zip(tracks, pitches):
        kinds.setdefault(track.kind, []).append(100 * track.right(pitch))
    each = ["%s %.1f (%.1f)" % (k, np.mean(v), np.median(v)) for k, v in sorted(kinds.items())]
    print("%-22s" % name, ", ".join(each), "| all %.1f" % np.mean(sum(kinds.values(), [])), flush=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("folder")
    ap.add_argument("out")
    ap.add_argument("--steps", type=int, default=3000)
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    tracks = []
    for path in sorted(glob.glob(os.path.join(a.folder, "*.f32"))):
        name, truth = os.path.basename(path)[:-4], np.load(path[:-4] + ".truth.npy")
        if (truth > 0).sum() >= 40:
            tracks.append(Track(name, np.fromfile(path, "<f4").reshape(-1, 3 * NOTES), truth))
    fitted = [t for t in tracks if int(t.song) % 2 == 1]
    others = [t for t in tracks if int(t.song) % 2 == 0]
    print(len(fitted), "renderings fitted to,", len(others), "others", flush=True)
    report("highest pitch, others", others, [t.highest() for t in others])

    rng = np.random.default_rng(a.seed)
    p = {"hidden": rng.normal(size=(PATCH + FACTS, HIDDEN)) * 0.06, "bias": np.zeros(HIDDEN),
         "output": rng.normal(size=HIDDEN) * 0.3, "facts": np.zeros(FACTS), "silence": np.zeros(2)}
    p = {k: jnp.asarray(v, jnp.float32) for k, v in p.items()}
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(3e-3, a.steps)))

    @jax.jit
    def step(p, state, key, *args):
        value, gradient = jax.value_and_grad(loss)(p, *args, key)
        update, state = rule.update(gradient, state, p)
        return optax.apply_updates(p, update), state, value

    log_scores = jax.jit(scores)
    state, key, losses = rule.init(p), jax.random.PRNGKey(a.seed), []
    for i in range(a.steps):
        key, one = jax.random.split(key)
        p, state, value = step(p, state, one, *batch(fitted, rng))
        losses.append(float(value))
        if i % 500 == 499:
            print(i + 1, "loss %.3f" % np.mean(losses[-500:]), flush=True)
    for name, some in (("fit, fitted to", fitted[::3]), ("fit, others", others)):
        chosen = [choice(p, t, log_scores) for t in some]
        report(name, some, [pitch for pitch, _ in chosen])
    sure = np.concatenate([c[1][t.truth > 0] for c, t in zip(chosen, others)])
    hit = np.concatenate([((c[0] - t.truth) % 12 == 0)[t.truth > 0] for c, t in zip(chosen, others)])
    for low in np.arange(0, 1, 0.1):
        some = (sure >= low) & (sure < low + 0.1)
        if some.any():
            print("confidence %.1f: %.3f of the frames, right %.3f" % (low, some.mean(), hit[some].mean()))
    order = ("hidden", "bias", "output", "facts", "silence")
    np.concatenate([np.asarray(p[k]).ravel() for k in order]).astype("<f4").tofile(a.out)


if __name__ == "__main__":
    main()
