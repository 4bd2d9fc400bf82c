// How a fuzz check says that an invariant broke: an exception that nobody expects ends a libFuzzer
// target like a crash, and fails a unit test.
#pragma once

#include <stdexcept>
#include <string>

namespace mlopsctl::fuzz {

inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace mlopsctl::fuzz
