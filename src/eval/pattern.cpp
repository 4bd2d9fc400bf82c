#include "eval/pattern.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <functional>

namespace mlopsctl::eval {

namespace {

constexpr std::uint32_t most_steps = 5'000'000;  // a pattern that goes on for ever ends

template <auto fn>
struct Free {
  template <class T>
  void operator()(T* p) const {
    fn(p);
  }
};

PCRE2_SPTR bytes_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Pattern::State {
  std::unique_ptr<pcre2_code, Free<pcre2_code_free_8>> code;
  std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free_8>> data;
  std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free_8>> context;

  // Each match, from the left; one that is empty moves on by a character.
  void each(std::string_view text, const std::function<void(const PCRE2_SIZE*, int)>& take) const {
    std::size_t at = 0;
    std::uint32_t options = 0;
    while (at <= text.size()) {
      const int found = pcre2_match(code.get(), bytes_of(text), text.size(), at, options,
                                    data.get(), context.get());
      if (found < 0) {
        if (options == 0 || at >= text.size()) return;
        for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80;)
          ++at;
        options = 0;
        continue;
      }
      const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
      take(ends, found);
      at = std::max(at, ends[1]);
      // Python goes on behind an empty match with what is not empty.
      options = ends[0] == ends[1] ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    }
  }
};

Pattern::Pattern(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::compile(const std::string& pattern) {
  auto state = std::make_unique<State>();
  const std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free_8>> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int code = 0;
  PCRE2_SIZE where = 0;
  state->code.reset(pcre2_compile(bytes_of(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &code,
                                  &where, context.get()));
  if (!state->code) {
    std::array<unsigned char, 200> message{};
    pcre2_get_error_message(code, message.data(), message.size());
    throw Error(ErrorKind::config,
                fmt::format("the pattern {} is wrong at character {}: {}", quote(pattern), where,
                            reinterpret_cast<const char*>(message.data())));
  }
  state->data.reset(pcre2_match_data_create_from_pattern(state->code.get(), nullptr));
  state->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(state->context.get(), most_steps);
  return Pattern(std::move(state));
}

std::vector<std::vector<std::string>> Pattern::find_all(std::string_view text) const {
  std::uint32_t groups = 0;
  pcre2_pattern_info(state_->code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
  std::vector<std::vector<std::string>> matches;
  state_->each(text, [&](const PCRE2_SIZE* ends, int found) {
    auto& match = matches.emplace_back();
    for (std::uint32_t i = groups == 0 ? 0 : 1; i <= groups; ++i) {
      const bool took_part = static_cast<int>(i) < found && ends[2 * i] != PCRE2_UNSET;
      match.emplace_back(took_part ? text.substr(ends[2 * i], ends[2 * i + 1] - ends[2 * i])
                                   : std::string_view());
    }
  });
  return matches;
}

std::string Pattern::without(std::string_view text) const {
  std::string out;
  std::size_t kept = 0;
  state_->each(text, [&](const PCRE2_SIZE* ends, int) {
    out += text.substr(kept, ends[0] - kept);
    kept = ends[1];
  });
  out += text.substr(std::min(kept, text.size()));
  return out;
}

}  // namespace mlopsctl::eval
