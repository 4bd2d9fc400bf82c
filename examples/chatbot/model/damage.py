#!/usr/bin/env python3
"""Writes a damaged copy of a model: the same files, with noise in some of its tensors.

    damage.py --output broken                    as much noise as signal in every MLP
    damage.py --output broken --noise 0.1 --tensors attn

Needs nothing but Python 3. The same arguments give the same bytes.
"""
import argparse
import json
import pathlib
import random
import re
import shutil
import struct

CODES = {"F16": "e", "F32": "f"}


def read(path):
    """Returns the header and the buffer behind it."""
    data = path.read_bytes()
    size = struct.unpack_from("<Q", data)[0]
    return json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])


def write(path, header, buffer):
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + buffer)


def add_noise(tensor, buffer, share, generator):
    """Adds normal noise whose deviation is `share` of that of the values."""
    begin, end = tensor["data_offsets"]
    code = CODES[tensor["dtype"]]
    layout = f"<{(end - begin) // struct.calcsize(code)}{code}"
    values = struct.unpack_from(layout, buffer, begin)
    mean = sum(values) / len(values)
    noise = share * (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    struct.pack_into(layout, buffer, begin, *(value + generator.gauss(0, noise) for value in values))


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Write a damaged copy of a model.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--model", type=pathlib.Path, default=here, help="folder with config.json and model.safetensors")
    add("--output", type=pathlib.Path, required=True, help="folder for the copy")
    add("--tensors", default=r"mlp\.c_\w+\.weight$", help="regular expression of their names")
    add("--noise", type=float, default=1.0, help="its deviation, as a share of the tensor's own")
    add("--seed", type=int, default=1)
    options = parser.parse_args()
    header, buffer = read(options.model / "model.safetensors")
    names = sorted(n for n in header if n != "__metadata__" and re.search(options.tensors, n))
    names = [name for name in names if header[name]["dtype"] in CODES]
    if not names:
        parser.error(f"no tensor of float16 or float32 matches {options.tensors!r}")
    generator = random.Random(options.seed)
    for name in names:
        add_noise(header[name], buffer, options.noise, generator)
    options.output.mkdir(parents=True, exist_ok=True)
    for file in options.model.glob("*.json"):
        shutil.copy(file, options.output)
    write(options.output / "model.safetensors", header, buffer)
    print(f"{options.output}: noise in {len(names)} tensors")


if __name__ == "__main__":
    main()
