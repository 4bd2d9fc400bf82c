#include "tracking/scrape_pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <pcre2.h>

#include <array>
#include <cmath>

namespace mlopsctl::scrape {

namespace {

struct Group {
  std::string name;
  std::uint32_t number;
};

template <auto function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    function(object);
  }
};

constexpr std::uint32_t match_limit =
    200'000;  // steps of the matcher on one line: some milliseconds

}  // namespace

struct Pattern::State {
  std::unique_ptr<pcre2_code, Free<pcre2_code_free_8>> code;
  std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free_8>> data;
  std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free_8>> context;
  std::vector<Group> groups;
  std::uint64_t given_up = 0;

  std::string_view text(const Group& group, std::string_view line) const {
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    const PCRE2_SIZE begin = ends[2 * group.number];
    const PCRE2_SIZE end = ends[2 * group.number + 1];
    return begin == PCRE2_UNSET || end < begin ? std::string_view{}
                                               : line.substr(begin, end - begin);
  }

  void collect(std::string_view line, PatternMatch& match) const {
    std::string key;
    std::optional<double> value;
    for (const auto& group : groups) {
      const std::string_view found = trim(text(group, line));
      if (group.name == "key") {
        key = found;
        continue;
      }
      const auto number = parse_number(found);
      if (!number) continue;
      if (group.name == "step") {
        if (std::abs(*number) < 9e15) match.step = static_cast<std::int64_t>(*number);
      } else if (group.name == "value") {
        value = number;
      } else {
        match.values.push_back({group.name, *number});
      }
    }
    if (value) match.values.push_back({key.empty() ? "value" : key, *value});
  }
};

Pattern::Pattern(const std::string& pattern) : state_(std::make_unique<State>()) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  state_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), 0,
                                   &code, &offset, nullptr));
  if (!state_->code) {
    std::array<PCRE2_UCHAR, 160> message{};
    pcre2_get_error_message(code, message.data(), message.size());
    throw Error{
        ErrorKind::usage,
        fmt::format("the scrape pattern {} is not a regular expression: {} at character {}",
                    quote(pattern), reinterpret_cast<const char*>(message.data()), offset + 1)};
  }
  std::uint32_t count = 0;
  std::uint32_t entry_size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(state_->code.get(), PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(state_->code.get(), PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
  pcre2_pattern_info(state_->code.get(), PCRE2_INFO_NAMETABLE, &table);
  // Each entry: the group's number in two bytes, then its name with a final zero.
  for (std::uint32_t i = 0; i < count; ++i, table += entry_size)
    state_->groups.push_back({reinterpret_cast<const char*>(table + 2),
                              static_cast<std::uint32_t>(table[0] << 8U | table[1])});
  bool names_a_metric = false;
  for (const auto& group : state_->groups)
    names_a_metric = names_a_metric || (group.name != "step" && group.name != "key");
  if (!names_a_metric)
    throw Error{ErrorKind::usage,
                fmt::format("the scrape pattern {} names no metric", quote(pattern)),
                R"(use named groups, e.g. 'iter (?<step>\d+): loss (?<loss>\S+)')"};
  pcre2_jit_compile(state_->code.get(),
                    PCRE2_JIT_COMPLETE);  // where it is not supported: interpreted
  state_->data.reset(pcre2_match_data_create_from_pattern(state_->code.get(), nullptr));
  state_->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(state_->context.get(), match_limit);
  pcre2_set_heap_limit(state_->context.get(), 4096);  // KiB
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;

PatternMatch Pattern::match(std::string_view line) {
  PatternMatch result;
  // NOT_BOL and friends are not needed: the whole line is the subject, only the start moves.
  for (std::size_t from = 0; from <= line.size();) {
    const int status = pcre2_match(state_->code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()),
                                   line.size(), from, 0, state_->data.get(), state_->context.get());
    if (status == PCRE2_ERROR_NOMATCH) break;
    if (status < 0) {
      ++state_->given_up;
      break;
    }
    state_->collect(line, result);
    const PCRE2_SIZE end = pcre2_get_ovector_pointer(state_->data.get())[1];
    from = end > from ? end : from + 1;
  }
  return result;
}

std::uint64_t Pattern::given_up() const { return state_->given_up; }

}  // namespace mlopsctl::scrape
