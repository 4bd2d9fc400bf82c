#include "fuzz/mutate.hpp"
#include "fuzz/s3_xml_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any answer of an S3 server is read or refused") {
  fuzz::Mutator mutator(fuzz::corpus("s3_xml"), 5);
  for (const auto& seed : fuzz::corpus("s3_xml")) CHECK_NOTHROW(fuzz::check_s3_xml(seed));
  for (int i = 0; i < 2000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_s3_xml(text));
  }
}
