// The fuzz targets' checks, with a deterministic mutator.
#include "fuzz/chat_template_check.hpp"
#include "fuzz/mutate.hpp"
#include "fuzz/tokenizer_check.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("any bytes are a tokenizer and a text, or an error that says why not") {
  for (const std::string& seed : fuzz::corpus("tokenizer")) fuzz::check_tokenizer(seed);
  fuzz::Mutator mutator(fuzz::corpus("tokenizer"), 1);
  for (int i = 0; i < 1500; ++i) fuzz::check_tokenizer(mutator.next());
}

TEST_CASE("any bytes are a chat template, or an error that says why not") {
  for (const std::string& seed : fuzz::corpus("chat_template")) fuzz::check_chat_template(seed);
  fuzz::Mutator mutator(fuzz::corpus("chat_template"), 1);
  for (int i = 0; i < 1500; ++i) fuzz::check_chat_template(mutator.next());
}
