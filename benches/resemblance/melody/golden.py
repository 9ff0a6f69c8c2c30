#!/usr/bin/env python3
"""usage: golden.py nmp.onnx CLIP SECONDS > OUT.tsv

What the original network (ONNX Runtime) makes of the beginning of a clip at 22.05 kHz, for the test
of our own: frame (eighths of a second), MIDI note and likelihood in per cent, of notes over 30 %.
Needs numpy, onnxruntime and ffmpeg.

The original's windows of two seconds advance by 142 frames of 256 samples here, so that frames are
where they belong (its package advances by a little less, and its times run half a per cent fast).
"""
import subprocess
import sys
import numpy as np
import onnxruntime

RATE, HOP, WINDOW, KEPT, EDGE = 22050, 256, 43844, 142, 15


def main():
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()[0].name
    outputs = {o.name[-1]: o.name for o in session.get_outputs()}
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", sys.argv[2], "-t", sys.argv[3], "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"],
        check=True, capture_output=True).stdout
    samples = np.frombuffer(raw, "<f4")
    padded = np.concatenate([np.zeros(EDGE * HOP, np.float32), samples, np.zeros(WINDOW, np.float32)])
    rows = []
    for begin in range(0, len(samples), KEPT * HOP):
        window = padded[begin:begin + WINDOW][None, :, None]
        rows.append(session.run([outputs["1"]], {inputs: window})[0][0][EDGE:EDGE + KEPT])
    rows = np.concatenate(rows)
    frame = (np.arange(len(rows)) * HOP / RATE * 8).astype(int)
    for k in range(int(len(samples) / RATE * 8)):
        for note, value in enumerate(rows[frame == k].mean(0)):
            if value > 0.3:
                print(f"{k}\t{note + 21}\t{100 * value:.0f}")


if __name__ == "__main__":
    main()
