#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/mapped_file.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "tokenizer/chat_template.hpp"
#include "tokenizer/tokenizer_data.hpp"
#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

using tokens::Node;
using tokens::TokenizerFile;

Node model_of(const Node& root) {
  Node model = root.at("model");
  const Node type = model.at("type");
  if (!type.is_null() && type.text() != "BPE") {
    model.unsupported(fmt::format("the model {}", quote(type.text())));
  }
  if (model.is_null()) model.corrupt("is missing");
  return model;
}

[[noreturn]] void missing(const fs::path& folder) {
  if (!fs::exists(folder)) {
    throw Error{ErrorKind::not_found, fmt::format("there is no folder {}", quoted_path(folder))};
  }
  throw Error{
      ErrorKind::not_found, fmt::format("there is no tokenizer.json in {}", quoted_path(folder)),
      "transformers writes one: AutoTokenizer.from_pretrained(\u2026).save_pretrained(\u2026)"};
}

}  // namespace

Tokenizer::Data::Data(const TokenizerFile& file, const Node& root, tokens::SpecialTokens specials)
    : normalizer(root.at("normalizer")),
      pre_tokenizer(root.at("pre_tokenizer")),
      model(file, model_of(root)),
      added(root.at("added_tokens"), model.vocabulary(), normalizer),
      post_processor(root.at("post_processor")),
      decoder(root.at("decoder")),
      special(std::move(specials)) {}

Tokenizer::Data::Data(std::string_view json, const std::string& name,
                      tokens::SpecialTokens specials)
    : Data([&] {
        const TokenizerFile file(json, name);
        return Data(file, Node(file.tree(), name), std::move(specials));
      }()) {
  fingerprint = sha256_hex(json);
}

void Tokenizer::Data::encode(std::string_view text, std::vector<TokenId>& into) const {
  std::vector<tokens::AddedTokens::Piece> pieces;
  added.split_raw(text, pieces);
  for (const auto& piece : pieces) {
    if (piece.id) {
      into.push_back(*piece.id);
    } else {
      encode_piece(text.substr(piece.begin, piece.end - piece.begin), piece.begin == 0, into);
    }
  }
}

void Tokenizer::Data::encode_piece(std::string_view text, bool at_start,
                                   std::vector<TokenId>& into) const {
  std::string buffer;
  const std::string_view normal = normalizer.apply(text, buffer);
  std::vector<tokens::AddedTokens::Piece> pieces;
  added.split_normalized(normal, pieces);
  for (const auto& piece : pieces) {
    if (piece.id) {
      into.push_back(*piece.id);
    } else {
      pre_tokenizer.encode(normal.substr(piece.begin, piece.end - piece.begin),
                           at_start && piece.begin == 0, model, into);
    }
  }
}

std::optional<std::string_view> Tokenizer::Data::shown(TokenId id, bool skip_special) const {
  std::optional<std::string_view> text;
  if (const std::string* known = added.text_of(id)) {
    text = *known;
  } else {
    text = model.vocabulary().token(id);
  }
  if (text && skip_special && added.is_special(*text)) return std::nullopt;
  return text;
}

Tokenizer::Tokenizer(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  const fs::path path = folder / "tokenizer.json";
  if (!fs::exists(path)) missing(folder);
  const auto file = MappedFile::open(path);
  return Tokenizer(std::make_shared<const Data>(file->bytes(), quoted_path(path),
                                                tokens::read_special_tokens(folder)));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special) const {
  std::string repaired;
  if (tokens::valid_prefix(text) != text.size()) {
    repaired = tokens::lossy(text);
    text = repaired;
  }
  std::vector<TokenId> ids;
  ids.reserve(text.size() / 3 + 8);
  data_->encode(text, ids);
  return data_->post_processor.apply(std::move(ids), add_special);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  tokens::Decoding decoding(data_->decoder);
  for (const TokenId id : ids) {
    if (const auto text = data_->shown(id, skip_special)) decoding.token(*text);
  }
  decoding.finish();
  return decoding.take();
}

std::size_t Tokenizer::size() const {
  return std::max(data_->model.vocabulary().bound(), data_->added.bound());
}

std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
  if (const auto added = data_->added.find(std::string(token))) return added;
  const TokenId id = data_->model.vocabulary().find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

namespace {

std::optional<TokenId> role(const Tokenizer& tokenizer,
                            const std::map<std::string, std::string>& texts, const char* name,
                            const std::optional<std::int64_t>& otherwise) {
  if (const auto found = texts.find(name); found != texts.end())
    return tokenizer.id_of(found->second);
  if (!otherwise || *otherwise < 0 || *otherwise > INT32_MAX) return std::nullopt;
  return static_cast<TokenId>(*otherwise);
}

}  // namespace

std::optional<TokenId> Tokenizer::bos() const {
  return role(*this, data_->special.texts, "bos_token", data_->special.bos_id);
}

std::optional<TokenId> Tokenizer::eos() const {
  return role(*this, data_->special.texts, "eos_token", data_->special.eos_id);
}

bool Tokenizer::is_special(TokenId id) const {
  const tokens::AddedToken* token = data_->added.token(id);
  return token != nullptr && data_->added.is_special(token->content);
}

std::string Tokenizer::fingerprint() const { return data_->fingerprint; }

bool Tokenizer::has_chat_template() const { return data_->special.chat_template.has_value(); }

std::string Tokenizer::chat_template() const { return data_->special.chat_template.value_or(""); }

std::string Tokenizer::chat_prompt(std::span<const ChatMessage> messages,
                                   bool add_generation_prompt) const {
  return tokens::render_chat(data_->special, messages, add_generation_prompt);
}

struct TokenStream::State {
  std::shared_ptr<const Tokenizer::Data> data;
  bool skip_special;
  tokens::Decoding decoding;
};

TokenStream::TokenStream(const Tokenizer& tokenizer, bool skip_special)
    : state_(std::make_unique<State>(
          State{tokenizer.data_, skip_special, tokens::Decoding(tokenizer.data_->decoder)})) {}
TokenStream::~TokenStream() = default;
TokenStream::TokenStream(TokenStream&&) noexcept = default;
TokenStream& TokenStream::operator=(TokenStream&&) noexcept = default;

std::string TokenStream::add(TokenId id) {
  if (const auto text = state_->data->shown(id, state_->skip_special))
    state_->decoding.token(*text);
  return state_->decoding.take();
}

std::string TokenStream::finish() {
  state_->decoding.finish();
  return state_->decoding.take();
}

}  // namespace mlopsctl
