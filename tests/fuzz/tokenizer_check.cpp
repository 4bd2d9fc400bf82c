#include "fuzz/tokenizer_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "fuzz/require.hpp"
#include "tokenizer/tokenizer_data.hpp"
#include "tokenizer/utf8.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlopsctl::fuzz {
namespace {

using Data = Tokenizer::Data;

std::unique_ptr<Data> read(std::string_view json) {
  try {
    return std::make_unique<Data>(json, "'tokenizer.json'", tokens::SpecialTokens{});
  } catch (const Error& error) {
    const bool expected = error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::usage;
    require(expected, std::string("an error of the wrong kind: ") + error.what());
    return nullptr;
  }
}

// The text of some tokens, at once or in pieces, each of which is valid UTF-8.
std::string decoded(const Data& data, const std::vector<TokenId>& ids, bool in_pieces) {
  tokens::Decoding decoding(data.decoder);
  std::string text;
  const auto take = [&] {
    const std::string piece = decoding.take();
    require(is_valid_utf8(piece), "a piece of a text is no UTF-8");
    text += piece;
  };
  for (const TokenId id : ids) {
    if (const auto token = data.shown(id, false)) decoding.token(*token);
    if (in_pieces) take();
  }
  decoding.finish();
  take();
  return text;
}

void encode_and_decode(const Data& data, std::string_view bytes) {
  const std::string text = tokens::lossy(bytes);
  require(is_valid_utf8(text), "a repaired text is no UTF-8");
  std::vector<TokenId> ids, again;
  data.encode(text, ids);
  data.encode(text, again);
  require(ids == again, "the cache of words changes the tokens");
  for (const TokenId id : ids) require(data.shown(id, false).has_value(), "a token has no text");
  ids.push_back(-1);
  ids.push_back(1 << 30);
  for (TokenId id = 0; id < 300; ++id) ids.push_back(id);
  require(decoded(data, ids, false) == decoded(data, ids, true), "pieces and the whole differ");
}

}  // namespace

void check_tokenizer(std::string_view input) {
  const std::size_t end = input.find('\0');
  const std::string_view text = end == std::string_view::npos ? "" : input.substr(end + 1);
  const auto data = read(input.substr(0, end));
  if (data == nullptr) return;
  try {
    encode_and_decode(*data, text);
  } catch (const Error& error) {  // a regular expression that needs too many steps
    require(error.kind() == ErrorKind::usage, std::string("no usage error: ") + error.what());
  }
}

}  // namespace mlopsctl::fuzz
