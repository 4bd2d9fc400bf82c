#include "tokenizer/decoder.hpp"

#include "mlopsctl/base/text.hpp"

#include "tokenizer/bpe.hpp"
#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace mlopsctl::tokens {

namespace {

std::size_t count_of(const Node& node) {
  const std::int64_t count = node.integer();
  if (count < 0) node.corrupt("is negative");
  return static_cast<std::size_t>(count);
}

// The byte of "<0xNN>", or -1.
int fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int byte = 0;
  const char* begin = token.data() + 3;
  const auto [end, error] = std::from_chars(begin, begin + 2, byte, 16);
  // Rust's from_str_radix takes a sign, "<0x+5>"
  if (token[3] == '+') {
    const auto [signed_end, signed_error] = std::from_chars(begin + 1, begin + 2, byte, 16);
    return signed_error == std::errc{} && signed_end == begin + 2 ? byte : -1;
  }
  return error == std::errc{} && end == begin + 2 && token[3] != '-' ? byte : -1;
}

void append_bytes(std::string& into, std::string_view token) {
  const std::size_t before = into.size();
  for (std::size_t at = 0; at < token.size();) {
    const int byte = character_byte(next_point(token, at));
    if (byte < 0) {  // no token of the byte alphabet: an added one, as it is
      into.resize(before);
      into += token;
      return;
    }
    into += static_cast<char>(byte);
  }
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result;
  std::vector<Part> parts;
  split_at_text(text, what, parts);
  for (const Part& part : parts) {
    result += part.match ? by : text.substr(part.begin, part.end - part.begin);
  }
  return result;
}

}  // namespace

Decoder::Decoder(const Node& node) {
  if (node.is_null()) {
    steps_.push_back({.kind = Kind::spaces});
  } else {
    add(node);
  }
}

void Decoder::add(const Node& node) {
  const std::string type = node.text("type");
  const auto text = [&](const char* key) {
    std::string found = node.text(key);
    if (found.empty()) node.at(key).unsupported("an empty text");
    return found;
  };
  if (type == "Sequence") {
    for (const Node& step : node.list("decoders")) add(step);
  } else if (type == "ByteLevel") {
    steps_.push_back({.kind = Kind::byte_level});
  } else if (type == "ByteFallback") {
    steps_.push_back({.kind = Kind::byte_fallback});
  } else if (type == "Fuse") {
    steps_.push_back({.kind = Kind::fuse});
  } else if (type == "Replace") {
    steps_.push_back({.kind = Kind::replace,
                      .text = node.text("content"),
                      .pattern = std::make_shared<const Pattern>(node.at("pattern"))});
  } else if (type == "Strip") {
    steps_.push_back({.kind = Kind::strip,
                      .text = text("content"),
                      .start = count_of(node.at("start")),
                      .stop = count_of(node.at("stop"))});
  } else if (type == "Metaspace") {
    const Node scheme = node.at("prepend_scheme");
    const bool never =
        !node.flag("add_prefix_space", true) || (!scheme.is_null() && scheme.text() == "never");
    steps_.push_back({.kind = Kind::metaspace, .text = text("replacement"), .drop_first = !never});
  } else if (type == "BPEDecoder") {
    steps_.push_back({.kind = Kind::bpe, .text = text("suffix")});
  } else {
    node.unsupported(fmt::format("the decoder {}", quote(type)));
  }
}

Decoding::Decoding(const Decoder& decoder) : decoder_(&decoder), states_(decoder.steps_.size()) {}

std::string Decoding::take() { return std::exchange(out_, {}); }

void Decoding::feed(std::size_t step, std::string_view text, bool ends) {
  if (step == states_.size()) {
    out_ += text;
    return;
  }
  State& state = states_[step];
  switch (decoder_->steps_[step].kind) {
    case Decoder::Kind::fuse:
      feed(step + 1, text, false);
      return;
    case Decoder::Kind::strip:
      strip(step, text, ends);
      return;
    case Decoder::Kind::metaspace:
      metaspace(step, text, ends);
      return;
    default:
      break;
  }
  if (!ends) {
    state.held += text;
  } else if (state.held.empty()) {
    whole_token(step, text);
  } else {
    const std::string token = std::exchange(state.held, {}).append(text);
    whole_token(step, token);
  }
}

void Decoding::whole_token(std::size_t step, std::string_view token) {
  State& state = states_[step];
  const Decoder::Step& what = decoder_->steps_[step];
  switch (what.kind) {
    case Decoder::Kind::byte_level:
      append_bytes(state.bytes, token);
      release_bytes(step, false);
      break;
    case Decoder::Kind::byte_fallback:
      if (const int byte = fallback_byte(token); byte >= 0) {
        state.bytes += static_cast<char>(byte);
        break;
      }
      release_fallback(step);
      feed(step + 1, token, true);
      break;
    case Decoder::Kind::replace: {
      std::vector<Part> parts;
      what.pattern->split(token, parts);
      std::string result;
      for (const Part& part : parts) {
        result += part.match ? std::string_view(what.text)
                             : token.substr(part.begin, part.end - part.begin);
      }
      feed(step + 1, result, true);
      break;
    }
    case Decoder::Kind::bpe:  // held back, because it may be the last
      if (state.tokens > 0) feed(step + 1, replaced(state.bytes, what.text, " "), true);
      state.bytes = token;
      break;
    case Decoder::Kind::spaces:
      if (state.tokens > 0) feed(step + 1, " ", false);
      feed(step + 1, token, true);
      break;
    default:
      break;
  }
  ++state.tokens;
}

void Decoding::release_bytes(std::size_t step, bool all) {
  std::string& bytes = states_[step].bytes;
  std::string text;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::size_t valid = valid_prefix(rest);
    text.append(rest.substr(0, valid));
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    const Utf8Step wrong = utf8_step(rest, 0);
    if (wrong.cut && !all) break;
    text.append(replacement_character);
    rest.remove_prefix(wrong.length);
  }
  bytes.erase(0, bytes.size() - rest.size());
  if (!text.empty()) feed(step + 1, text, false);
}

// All of a run is text, or nothing of it: so the library has it.
void Decoding::release_fallback(std::size_t step) {
  const std::string run = std::exchange(states_[step].bytes, {});
  if (run.empty()) return;
  if (valid_prefix(run) == run.size()) {
    feed(step + 1, run, true);
    return;
  }
  for (std::size_t i = 0; i < run.size(); ++i) feed(step + 1, replacement_character, true);
}

void Decoding::strip(std::size_t step, std::string_view text, bool ends) {
  State& state = states_[step];
  const Decoder::Step& what = decoder_->steps_[step];
  while (state.may_cut && !text.empty()) {
    state.may_cut = state.cut < what.start && text.starts_with(what.text);
    if (!state.may_cut) break;
    text.remove_prefix(what.text.size());
    ++state.cut;
  }
  std::string whole = std::exchange(state.held, {}).append(text);
  std::size_t end = whole.size();
  for (std::size_t i = 0; i < what.stop; ++i) {
    if (!std::string_view(whole).substr(0, end).ends_with(what.text)) break;
    end -= what.text.size();
  }
  if (!ends) {
    state.held = whole.substr(end);
  } else {
    state.cut = 0;
    state.may_cut = true;
  }
  whole.resize(end);
  if (ends || !whole.empty()) feed(step + 1, whole, ends);
}

void Decoding::metaspace(std::size_t step, std::string_view text, bool ends) {
  State& state = states_[step];
  const Decoder::Step& what = decoder_->steps_[step];
  const bool drop = what.drop_first && state.tokens == 0;
  feed(step + 1, replaced(text, what.text, drop ? "" : " "), ends);
  if (ends) ++state.tokens;
}

void Decoding::finish() {
  for (std::size_t step = 0; step < states_.size(); ++step) finish(step);
}

void Decoding::finish(std::size_t step) {
  switch (decoder_->steps_[step].kind) {
    case Decoder::Kind::byte_level:
      release_bytes(step, true);
      feed(step + 1, "", true);
      break;
    case Decoder::Kind::byte_fallback:
      release_fallback(step);
      break;
    case Decoder::Kind::fuse:
      feed(step + 1, "", true);
      break;
    case Decoder::Kind::bpe:
      if (states_[step].tokens > 0) {
        feed(step + 1, replaced(states_[step].bytes, decoder_->steps_[step].text, ""), true);
      }
      break;
    default:
      break;
  }
}

}  // namespace mlopsctl::tokens
