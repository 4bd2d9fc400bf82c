#include "fuzz/deploy_plan_check.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mlopsctl::fuzz::check_deploy_plan({reinterpret_cast<const char*>(data), size});
  return 0;
}
