#include "mlopsctl/base/ids.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace mlopsctl;

TEST_CASE("run ids are 32 hexadecimal digits and do not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_run_id();
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(id);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("ids of other tools are accepted, paths are not") {
  CHECK(is_valid_run_id(new_run_id()));
  CHECK(is_valid_run_id("g9dvvkua"));
  CHECK(is_valid_run_id("A_b-1"));
  CHECK_FALSE(is_valid_run_id(""));
  CHECK_FALSE(is_valid_run_id("../x"));
  CHECK_FALSE(is_valid_run_id("-x"));
  CHECK_FALSE(is_valid_run_id("a b"));
}
