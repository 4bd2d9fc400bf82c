// The quick start's own tokenizer against the tokenizers library (tests/golden/engine/chatbot).
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "support/locations.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace mlopsctl;
using testing::source_folder;
using Json = nlohmann::json;

TEST_CASE("the small model's tokenizer gives the library's ids, and the text again") {
  const auto tokenizer = Tokenizer::load(source_folder() + "/examples/chatbot/model");
  std::ifstream file(source_folder() + "/tests/golden/engine/chatbot/golden.json");
  const Json golden = Json::parse(file);
  REQUIRE(golden["strings"].size() > 30);
  for (const Json& string : golden["strings"]) {
    const auto text = string["text"].get<std::string>();
    CAPTURE(text);
    const auto ids = tokenizer.encode(text, false);
    CHECK(ids == string["ids"].get<std::vector<TokenId>>());
    CHECK(tokenizer.decode(ids, false) == text);
  }
  for (const Json& continuation : golden["greedy"]) {
    CHECK(tokenizer.decode(continuation["tokens"].get<std::vector<TokenId>>(), true) ==
          continuation["text"].get<std::string>());
  }
}
