// Checks that something fails, and how.
#pragma once

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace mlopsctl::testing {

// The Error that `action` throws; the test fails if it throws none.
template <class Action>
Error error_of(Action&& action) {
  std::optional<Error> thrown;
  try {
    action();
  } catch (const Error& error) {
    thrown = error;
  }
  REQUIRE_MESSAGE(thrown.has_value(), "nothing was thrown");
  return *thrown;
}

inline bool mentions(const Error& error, const std::string& text) {
  return std::string(error.what()).find(text) != std::string::npos ||
         error.hint().find(text) != std::string::npos;
}

}  // namespace mlopsctl::testing

// Checks kind and text (of the message or the hint) of the Error that an expression throws.
#define CHECK_ERROR(expression, expected_kind, text)                                      \
  do {                                                                                    \
    const auto thrown_error = ::mlopsctl::testing::error_of([&] { (void)(expression); }); \
    CHECK(to_string(thrown_error.kind()) == to_string(expected_kind));                    \
    CHECK_MESSAGE(::mlopsctl::testing::mentions(thrown_error, text),                      \
                  std::string(thrown_error.what()));                                      \
  } while (false)
