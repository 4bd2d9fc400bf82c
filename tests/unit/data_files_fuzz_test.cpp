#include "fuzz/data_files_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any .dvc file, list of a folder, configuration or ignore file is read or refused") {
  fuzz::Mutator mutator(fuzz::corpus("data_files"), 5);
  for (const auto& seed : fuzz::corpus("data_files")) CHECK_NOTHROW(fuzz::check_data_files(seed));
  for (int i = 0; i < 2000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_data_files(text));
  }
}
