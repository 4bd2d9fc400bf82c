#include "support/cluster/images.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

namespace {

constexpr std::size_t longest_tag = 24;

constexpr std::array<std::pair<std::string_view, Fate>, 10> fates{{
    {"missing", Fate::missing},
    {"denied", Fate::denied},
    {"invalid-name", Fate::invalid_name},
    {"crash", Fate::crash},
    {"oom", Fate::oom},
    {"config-error", Fate::config_error},
    {"never-ready", Fate::never_ready},
    {"flapping", Fate::flapping},
    {"quota", Fate::quota},
    {"unschedulable", Fate::unschedulable},
}};

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

// The position behind the word where it stands between '-' in the tag.
std::optional<std::size_t> behind_word(std::string_view tag, std::string_view word) {
  for (auto at = tag.find(word); at != std::string_view::npos; at = tag.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || tag[at - 1] == '-') && (end == tag.size() || tag[end] == '-')) return end;
  }
  return std::nullopt;
}

// "20s" of "slow-20s".
std::string_view argument(std::string_view tag, std::size_t behind) {
  if (behind >= tag.size()) return {};
  const auto rest = tag.substr(behind + 1);
  const auto word = rest.substr(0, rest.find('-'));
  return !word.empty() && std::isdigit(static_cast<unsigned char>(word.front())) != 0
             ? word
             : std::string_view();
}

Milliseconds duration(std::string_view tag, std::size_t behind, Milliseconds otherwise) {
  const auto text = argument(tag, behind);
  return text.empty() ? otherwise : parse_duration(text);
}

std::size_t end_of_repository(std::string_view image) {
  const auto at = image.find('@');
  const auto name = image.substr(0, at);
  const auto slash = name.rfind('/');
  const auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  return std::min(colon == std::string_view::npos ? name.size() : colon, name.size());
}

}  // namespace

std::string repository_of(std::string_view image) {
  return std::string(image.substr(0, end_of_repository(image)));
}

std::string digest_of(std::string_view image) {
  auto tag = tag_of(image).value_or("latest");
  const auto hash = fnv1a(repository_of(image) + ":" + tag.substr(0, longest_tag));
  tag.resize(longest_tag, '\0');
  std::string digest = fmt::format("sha256:{:016x}", hash);
  for (const char c : tag) digest += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return digest;
}

std::string pinned(std::string_view image) { return repository_of(image) + "@" + digest_of(image); }

std::optional<std::string> tag_of(std::string_view image) {
  if (const auto at = image.find('@'); at != std::string_view::npos) {
    const auto hex = image.substr(std::min(image.size(), at + 1 + 7 + 16));
    std::string tag;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      const auto value = std::stoi(std::string(hex.substr(i, 2)), nullptr, 16);
      if (value != 0) tag += static_cast<char>(value);
    }
    // Whoever made the digest knew repository and tag.
    const auto hash = fmt::format("sha256:{:016x}", fnv1a(repository_of(image) + ":" + tag));
    return image.substr(at + 1, hash.size()) == hash ? std::optional(tag) : std::nullopt;
  }
  const auto end = end_of_repository(image);
  return end < image.size() ? std::string(image.substr(end + 1)) : std::string("latest");
}

bool is_image_name(std::string_view image) {
  const auto repository = repository_of(image);
  if (repository.empty() || !std::all_of(repository.begin(), repository.end(), [](unsigned char c) {
        return std::isdigit(c) != 0 || std::islower(c) != 0 ||
               std::string_view("._-/:").find(static_cast<char>(c)) != std::string_view::npos;
      }))
    return false;
  const auto at = image.find('@');
  if (at == std::string_view::npos) return true;
  const auto digest = image.substr(at + 1);
  return digest.size() == 71 && digest.starts_with("sha256:") &&
         digest.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

ImageBehaviour image_behaviour(std::string_view image) {
  ImageBehaviour behaviour;
  if (!is_image_name(image)) return {.fate = Fate::invalid_name};
  const auto repository = repository_of(image);
  const std::string words =
      repository.substr(repository.rfind('/') + 1) + "-" + tag_of(image).value_or("");
  for (const auto& [word, fate] : fates)
    if (const auto behind = behind_word(words, word)) {
      behaviour.fate = fate;
      behaviour.after =
          duration(words, *behind, fate == Fate::flapping ? Milliseconds(5000) : Milliseconds(0));
    }
  if (const auto behind = behind_word(words, "slow"))
    behaviour.slow_start = duration(words, *behind, Milliseconds(20'000));
  return behaviour;
}

}  // namespace mlopsctl::testing
