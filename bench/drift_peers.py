"""drift_peers.py FILE FILE ROWS COLUMNS SOME: ks_2samp and numpy.histogram of some columns."""
import sys
import time

import numpy
import scipy.stats

left, right = sys.argv[1:3]
rows, columns, some = map(int, sys.argv[3:6])
reference = numpy.memmap(left, numpy.float32, "r", shape=(rows, columns))
current = numpy.memmap(right, numpy.float32, "r", shape=(rows, columns))
start = time.perf_counter()
for column in range(some):
    a = reference[:, column].astype(numpy.float64)
    b = current[:, column].astype(numpy.float64)
    scipy.stats.ks_2samp(a, b)
    both = min(a.min(), b.min()), max(a.max(), b.max())
    numpy.histogram(a, 10, both)
    numpy.histogram(b, 10, both)
seconds = time.perf_counter() - start
print(f"scipy {scipy.__version__}, numpy {numpy.__version__}: {seconds:.2f} s for {some} columns, "
      f"{seconds / some * columns:.0f} s for {columns} (extrapolated)")
