// What a Tokenizer is made of.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "tokenizer/added_tokens.hpp"
#include "tokenizer/bpe.hpp"
#include "tokenizer/decoder.hpp"
#include "tokenizer/normalizer.hpp"
#include "tokenizer/post_processor.hpp"
#include "tokenizer/pre_tokenizer.hpp"
#include "tokenizer/special_tokens.hpp"

namespace mlopsctl {

struct Tokenizer::Data {
  // `json` is the whole tokenizer.json, `name` what messages call it.
  Data(std::string_view json, const std::string& name, tokens::SpecialTokens special);
  Data(const tokens::TokenizerFile& file, const tokens::Node& root, tokens::SpecialTokens special);

  void encode(std::string_view text, std::vector<TokenId>& into) const;
  void encode_piece(std::string_view text, bool at_start, std::vector<TokenId>& into) const;
  // The text of a token for the decoder; nothing if there is none, or if it is to be skipped.
  std::optional<std::string_view> shown(TokenId id, bool skip_special) const;

  tokens::Normalizer normalizer;
  tokens::PreTokenizer pre_tokenizer;
  tokens::Bpe model;
  tokens::AddedTokens added;
  tokens::PostProcessor post_processor;
  tokens::Decoder decoder;
  tokens::SpecialTokens special;
  std::string fingerprint;
};

}  // namespace mlopsctl
