// Tokenizers of every family beside what tokenizers 0.23.2 did: tests/golden/tokenizer/make.py.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "support/locations.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlopsctl;

namespace {

fs::path golden(const std::string& family) {
  return fs::path(testing::source_folder()) / "tests" / "golden" / "tokenizer" / family;
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  TokenStream stream(tokenizer, true);
  std::string text;
  for (const TokenId id : ids) {
    const std::string piece = stream.add(id);
    CHECK(is_valid_utf8(piece));
    text += piece;
  }
  return text + stream.finish();
}

}  // namespace

TEST_CASE("ids and texts are those of the tokenizers library") {
  for (const char* family : {"gpt2", "llama3", "qwen2", "llama2", "mistral"}) {
    CAPTURE(family);
    const Tokenizer tokenizer = Tokenizer::load(golden(family));
    const auto cases = nlohmann::json::parse(read_file(golden(family) / "cases.json"));
    REQUIRE(cases.size() > 50);
    for (const auto& one : cases) {
      const auto text = one["text"].get<std::string>();
      CAPTURE(text);
      const auto ids = one["ids"].get<std::vector<TokenId>>();
      CHECK(tokenizer.encode(text, true) == ids);
      CHECK(tokenizer.encode(text, false) == one["plain"].get<std::vector<TokenId>>());
      CHECK(tokenizer.decode(ids, true) == one["decoded"].get<std::string>());
      CHECK(streamed(tokenizer, ids) == one["decoded"].get<std::string>());
    }
  }
}
