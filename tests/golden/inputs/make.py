"""Writes the files of this folder: make.py FOLDER. Versions are in ../README.md."""

import struct
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

out = Path(sys.argv[1])
base = np.arange(12, dtype=np.float64).reshape(4, 3) / 4 - 1  # -1, -0.75, … exact in every float

for name, dtype in {"f2": "<f2", "f4": "<f4", "f8": "<f8", "big_f4": ">f4", "big_f8": ">f8", "big_f2": ">f2"}.items():
    np.save(out / f"{name}.npy", base.astype(dtype))
for dtype in ("i1", "u1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", ">i8", "<u8"):
    np.save(out / f"{dtype.replace('<', '').replace('>', 'big_')}.npy", np.arange(12).reshape(4, 3).astype(dtype))
np.save(out / "bool.npy", np.arange(12).reshape(4, 3) % 2 == 0)
np.save(out / "fortran_f4.npy", np.asfortranarray(base.astype("f4")))
np.save(out / "one_dimension.npy", np.arange(5, dtype="f4"))
np.save(out / "no_rows.npy", np.zeros((0, 3), "f4"))
np.save(out / "three_dimensions.npy", np.zeros((2, 2, 2), "f4"))
np.save(out / "scalar.npy", np.float32(1))
np.save(out / "objects.npy", np.array([1, "a", None], dtype=object), allow_pickle=True)
np.save(out / "fields.npy", np.zeros(3, dtype=[("a", "f4"), ("b", "i4")]))
np.save(out / "complex.npy", np.zeros((2, 2), "c8"))
for version in ((2, 0), (3, 0)):
    with open(out / f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, base.astype("f4"), version=version)
np.savez(out / "stored.npz", a=base.astype("f4"), other=np.arange(3, dtype="i8"))
np.savez_compressed(out / "deflated.npz", embeddings=np.tile(base, (20, 1)))

save_file({"x": base.astype("f4"), "half": base.astype("f2"), "n": np.arange(4, dtype="i8")},
          out / "tensors.safetensors", metadata={"made": "by make.py"})
# numpy has no bfloat16: the upper halves of float32 bits, written as the format says.
bits = (base.astype("<f4").view("<u4") >> 16).astype("<u2")
header = b'{"e":{"dtype":"BF16","shape":[4,3],"data_offsets":[0,24]}}'
(out / "bf16.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bits.tobytes())

table = pa.table({
    "i": pa.array([1, None, 9007199254740993], pa.int64()),
    "small": pa.array([1, 2, 3], pa.uint8()),
    "r": pa.array([0.5, float("nan"), None], pa.float64()),
    "f": pa.array([0.25, None, -1], pa.float32()),
    "b": pa.array([True, False, None]),
    "s": pa.array(["x", None, "ü"]),
    "d": pa.array(["red", "blue", "red"]).dictionary_encode(),
    "t": pa.array([0, 1_700_000_000_123_456, None], pa.timestamp("us")),
    "day": pa.array([0, 1, None], pa.date32()),
    "nothing": pa.array([None, None, None], pa.null()),
    "lists": pa.array([[1], [1, 2], None], pa.list_(pa.int64())),
    "nested": pa.array([{"x": 1}, {"x": 2}, {"x": 3}]),
})
pq.write_table(table, out / "table.parquet", row_group_size=2)
pq.write_table(pa.table({"embedding": pa.array(base.astype("f4").tolist(), pa.list_(pa.float32()))}),
               out / "list_matrix.parquet", compression="zstd")
pq.write_table(pa.table({"embedding": pa.array(base.tolist(), pa.list_(pa.float64(), 3))}),
               out / "fixed_matrix.parquet", compression="gzip")
