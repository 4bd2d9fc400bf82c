// NumPy's .npy: a magic string, a header that is a Python dictionary, the values.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include "mlopsctl/formats/array.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mlopsctl {

// Versions 1.0 to 3.0; integers, floats of 2, 4 and 8 bytes, booleans, any byte order. `bytes` may
// stop anywhere after the header; `file_size` is what must hold all values. Throws Error{corrupt}
// (message without the name of the file), among others for object arrays: reading them means
// running code from the file.
ArrayLayout parse_npy(std::string_view bytes, std::uint64_t file_size);
inline ArrayLayout parse_npy(std::string_view bytes) { return parse_npy(bytes, bytes.size()); }

// What precedes the values of a row-major little-endian float32 array in a file of version 1.0.
std::string npy_header(std::uint64_t rows, std::uint64_t columns);

}  // namespace mlopsctl
