#include "fuzz/prometheus_answer_check.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mlopsctl::fuzz::check_prometheus_answer({reinterpret_cast<const char*>(data), size});
  return 0;
}
