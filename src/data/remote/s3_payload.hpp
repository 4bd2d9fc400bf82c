// Digests of what is about to be sent.
#pragma once

#include "mlopsctl/platform/http.hpp"

#include <string>

namespace mlopsctl::data {

// Of a part of a file, lower-case hexadecimal. Throws Error{io} if the file is shorter.
std::string sha256_of(const FileRange& range);
std::string md5_of_range(const FileRange& range);

}  // namespace mlopsctl::data
