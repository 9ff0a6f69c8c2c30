#!/usr/bin/env python3
"""usage: weights.py nmp.onnx basic_pitch.bin

Writes the weights that `src/works/melody/network.rs` needs as one file of little-endian f32, from
the network of basic-pitch (`basic_pitch/saved_models/icassp_2022/nmp.onnx` in its wheel; version
0.4.0 on PyPI).  Needs numpy and onnx.

The layers that only the onsets need are left out, and so are the kernels of the constant-Q
transform, which are computed.  In this order, all convolutions as [out][in][time][frequency]:

    scale, offset of the batch normalisation      1 + 1
    8 harmonics -> 8 channels, 3 x 39, and bias   7488 + 8
    8 -> 1 (contour), 5 x 5, and bias              200 + 1
    1 -> 32, 7 x 7, stride 3, and bias            1568 + 32
    32 -> 1 (note), 7 x 3, and bias                672 + 1
"""
import sys
import numpy as np
import onnx
from onnx import numpy_helper


def main():
    graph = onnx.load(sys.argv[1]).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    convolutions = [n for n in graph.node if n.op_type == "Conv"]

    def layer(shape):
        found = [n for n in convolutions if values[n.input[1]].shape == shape]
        assert len(found) == 1, shape
        return [values[found[0].input[1]].ravel(), values[found[0].input[2]].ravel()]

    scalar = lambda op: [
        values[i] for n in graph.node if n.op_type == op and "batch_normalization" in n.output[0]
        for i in n.input if i in values
    ]
    scale, offset = scalar("Mul"), scalar("Add")
    assert len(scale) == len(offset) == 1
    parts = [scale[0].ravel(), offset[0].ravel()]
    for shape in [(8, 8, 3, 39), (1, 8, 5, 5), (32, 1, 7, 7), (1, 32, 7, 3)]:
        parts += layer(shape)
    flat = np.concatenate(parts).astype("<f4")
    assert flat.size == 9972 and np.isfinite(flat).all()
    flat.tofile(sys.argv[2])


if __name__ == "__main__":
    main()
