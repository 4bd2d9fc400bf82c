#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "support/locations.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mlopsctl;

namespace {

Tokenizer family(const std::string& name) {
  return Tokenizer::load(std::filesystem::path(testing::source_folder()) / "tests" / "golden" /
                         "tokenizer" / name);
}

}  // namespace

TEST_CASE("a character whose tokens have not all come is held back") {
  const Tokenizer tokenizer = family("gpt2");
  // "🦙" is four bytes that this small vocabulary has no merges for
  const auto ids = tokenizer.encode("a\U0001F999b", false);
  REQUIRE(ids.size() > 3);
  TokenStream stream(tokenizer, false);
  std::vector<std::string> pieces;
  for (const TokenId id : ids) pieces.push_back(stream.add(id));
  CHECK(pieces.front() == "a");
  CHECK(pieces[1].empty());
  CHECK(pieces[pieces.size() - 2] == "\U0001F999");
  CHECK(pieces.back() == "b");
  CHECK(stream.finish().empty());
}

TEST_CASE("what ends inside a character comes out as U+FFFD") {
  const Tokenizer tokenizer = family("gpt2");
  auto ids = tokenizer.encode("\U0001F999", false);
  REQUIRE(ids.size() > 1);
  ids.pop_back();
  TokenStream stream(tokenizer, false);
  for (const TokenId id : ids) CHECK(stream.add(id).empty());
  CHECK(stream.finish() == "\uFFFD");
  CHECK(tokenizer.decode(ids, false) == "\uFFFD");
}

TEST_CASE("bytes to fall back to are text only if all of a run is") {
  const Tokenizer tokenizer = family("llama2");
  std::vector<TokenId> ids;
  for (const char* byte : {"<0xF0>", "<0x9F>", "<0xA6>", "<0x99>"}) {
    ids.push_back(tokenizer.id_of(byte).value());
  }
  CHECK(tokenizer.decode(ids, false) == "\U0001F999");
  ids.push_back(tokenizer.id_of("<0xFF>").value());
  CHECK(tokenizer.decode(ids, false) == "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("special tokens are skipped when asked for, and ids that do not exist always") {
  const Tokenizer tokenizer = family("qwen2");
  const TokenId end = tokenizer.id_of("<|im_end|>").value();
  const TokenId call = tokenizer.id_of("<tool_call>").value();
  CHECK(tokenizer.is_special(end));
  CHECK_FALSE(tokenizer.is_special(call));
  const auto beyond = static_cast<TokenId>(tokenizer.size());
  const std::vector<TokenId> ids{call, end, beyond, -1};
  CHECK(tokenizer.decode(ids, false) == "<tool_call><|im_end|>");
  CHECK(tokenizer.decode(ids, true) == "<tool_call>");
}

TEST_CASE("bytes that are no UTF-8 are read as U+FFFD, as Python replaces them") {
  const Tokenizer tokenizer = family("gpt2");
  CHECK(tokenizer.encode("a\xE2\x82z\xFF\xFF", false) ==
        tokenizer.encode("a\uFFFDz\uFFFD\uFFFD", false));
}

TEST_CASE("é of one and of two code points are the same for Qwen only") {
  CHECK(family("qwen2").encode("caf\u00E9", false) == family("qwen2").encode("cafe\u0301", false));
  CHECK(family("gpt2").encode("caf\u00E9", false) != family("gpt2").encode("cafe\u0301", false));
}
