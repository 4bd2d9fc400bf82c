#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>

using namespace mlopsctl;

namespace {

constexpr const char* model =
    R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<s>": 3}, "merges": ["a b"]})";

class ModelFolder {
 public:
  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_.path() / name, text);
  }
  // tokenizer.json with this model and these other members.
  void tokenizer(const std::string& members, const std::string& bpe = model) const {
    write("tokenizer.json",
          fmt::format("{{\"model\": {}{}{}}}", bpe, members.empty() ? "" : ", ", members));
  }
  Tokenizer load() const { return Tokenizer::load(folder_.path()); }
  // What loading says, without the path in front.
  std::string problem(ErrorKind kind) const {
    try {
      load();
    } catch (const Error& error) {
      CHECK(error.kind() == kind);
      const std::string text = error.what();
      const std::size_t file = text.find(".json': ");
      return file == std::string::npos ? text : text.substr(file + 8);
    }
    return "none";
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("what a tokenizer is made of and is not supported is named, with its place") {
  const ModelFolder folder;
  const auto unsupported = [&](const std::string& members) {
    folder.tokenizer(members);
    return folder.problem(ErrorKind::usage);
  };
  CHECK(unsupported(R"("normalizer": {"type": "Precompiled"})") ==
        "normalizer: the normalizer 'Precompiled' is not supported");
  CHECK(unsupported(R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                        {"type": "Whitespace"}, {"type": "UnicodeScripts"}]})") ==
        "pre_tokenizer.pretokenizers[1]: the pre-tokenizer 'UnicodeScripts' is not supported");
  CHECK(unsupported(R"("post_processor": {"type": "Other"})") ==
        "post_processor: the post-processor 'Other' is not supported");
  CHECK(unsupported(R"("decoder": {"type": "CTC"})") ==
        "decoder: the decoder 'CTC' is not supported");
  CHECK(unsupported(R"("pre_tokenizer": {"type": "Split", "behavior": "Isolated", "invert": false,
                        "pattern": {"Regex": "[a&&b]"}})") ==
        "pre_tokenizer.pattern.Regex: the regular expression '[a&&b]' is not supported");
  folder.tokenizer("", R"({"type": "Unigram", "vocab": [["a", -1.0]]})");
  CHECK(folder.problem(ErrorKind::usage) == "model: the model 'Unigram' is not supported");
  folder.tokenizer("", R"({"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []})");
  CHECK(folder.problem(ErrorKind::usage) ==
        "model.dropout: a dropout other than 0 is not supported");
}

TEST_CASE("a damaged tokenizer says where") {
  const ModelFolder folder;
  folder.write("tokenizer.json", "{\"model\":");
  CHECK(folder.problem(ErrorKind::corrupt).starts_with("no JSON: "));
  folder.write("tokenizer.json", "{}");
  CHECK(folder.problem(ErrorKind::corrupt) == "model is missing");
  folder.tokenizer("", R"({"vocab": {"a": 0}, "merges": ["a b"]})");
  CHECK(folder.problem(ErrorKind::corrupt) == "model.merges needs 'b', which model.vocab lacks");
  folder.tokenizer("", R"({"vocab": {"a": -1}, "merges": []})");
  CHECK(folder.problem(ErrorKind::corrupt) == "model.vocab gives 'a' the id -1");
  folder.tokenizer("", R"({"vocab": {"a": 99999999999}, "merges": []})");
  CHECK(folder.problem(ErrorKind::corrupt) == "model.vocab gives 'a' the id 99999999999");
  folder.tokenizer(R"("added_tokens": [{"content": 5}])");
  CHECK(folder.problem(ErrorKind::corrupt) == "added_tokens[0].content is no string");
}

TEST_CASE("what is not there is named, with what to do") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(Tokenizer::load(folder.path() / "nowhere"), Error);
  try {
    Tokenizer::load(folder.path());
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::not_found);
    CHECK(error.hint().find("save_pretrained") != std::string::npos);
  }
}

TEST_CASE("the special tokens' roles come from the files beside it") {
  const ModelFolder folder;
  folder.tokenizer("");
  CHECK_FALSE(folder.load().bos().has_value());
  folder.write("config.json", R"({"bos_token_id": 1, "eos_token_id": [2, 0]})");
  CHECK(folder.load().bos() == 1);
  CHECK(folder.load().eos() == 2);
  folder.write("special_tokens_map.json", R"({"bos_token": {"content": "<s>"}})");
  CHECK(folder.load().bos() == 3);
  // Qwen's says that there is none
  folder.write("tokenizer_config.json", R"({"bos_token": null, "eos_token": "a"})");
  CHECK_FALSE(folder.load().bos().has_value());
  CHECK(folder.load().eos() == 0);
}

TEST_CASE("a token added to the vocabulary goes on after it; its text is found before all else") {
  const ModelFolder folder;
  folder.tokenizer(
      R"("added_tokens": [{"id": 4, "content": "<x>", "special": true, "normalized": false},
                                       {"id": 3, "content": "<s>", "special": true, "normalized": false}])");
  const Tokenizer tokenizer = folder.load();
  CHECK(tokenizer.size() == 5);
  CHECK(tokenizer.id_of("<x>") == 4);
  CHECK(tokenizer.id_of("ab") == 2);
  CHECK_FALSE(tokenizer.id_of("nothing").has_value());
  CHECK(tokenizer.encode("ab<x>ba<s>", false) == std::vector<TokenId>{2, 4, 1, 0, 3});
  CHECK(tokenizer.is_special(4));
  CHECK_FALSE(tokenizer.is_special(0));
  CHECK_FALSE(tokenizer.is_special(-5));
}

// tokenizers 0.23.2: encode("axa").ids is [1, 0, 1] and its decoding 'a  a'.
TEST_CASE("a token may be empty: as the unknown one it stands for what the vocabulary lacks") {
  const ModelFolder folder;
  folder.tokenizer("",
                   R"({"type": "BPE", "unk_token": "", "vocab": {"": 0, "a": 1}, "merges": []})");
  const Tokenizer tokenizer = folder.load();
  const auto ids = tokenizer.encode("axa", false);
  CHECK(ids == std::vector<TokenId>{1, 0, 1});
  CHECK(tokenizer.decode(ids, false) == "a  a");
}

TEST_CASE("the fingerprint is that of the file") {
  const ModelFolder folder;
  const std::string text = fmt::format("{{\"model\": {}}}", model);
  folder.write("tokenizer.json", text);
  CHECK(folder.load().fingerprint() == sha256_hex(text));
}

TEST_CASE("many threads encode with one tokenizer, and one thread with many") {
  const ModelFolder folder;
  folder.tokenizer("");
  const Tokenizer tokenizer = folder.load();
  std::vector<Tokenizer> more;
  for (int i = 0; i < 6; ++i) {
    const ModelFolder other;
    other.tokenizer("", fmt::format(R"({{"vocab": {{"a": {}, "b": 1}}, "merges": []}})", i + 2));
    more.push_back(other.load());
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        CHECK(tokenizer.encode("abba", false) == std::vector<TokenId>{2, 1, 0});
        for (int one = 0; one < 6; ++one) {
          CHECK(more[static_cast<std::size_t>(one)].encode("ab", false) ==
                std::vector<TokenId>{one + 2, 1});
        }
      }
    });
  }
}

TEST_CASE("a long text without spaces takes no quadratic time") {
  const ModelFolder folder;
  folder.tokenizer("");
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "ab";
  CHECK(folder.load().encode(text, false) == std::vector<TokenId>(200'000, 2));
}
