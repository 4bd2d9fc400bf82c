// Which differences between two measurements forbid to compare them.
#include "mlopsctl/eval/gate.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace mlopsctl::gate {

namespace {

// What is tested is what may differ.
constexpr std::array<std::string_view, 9> subject_keys{
    "model",    "model_sha256", "adapter",        "adapter_sha256",     "parameters",
    "endpoint", "command",      "endpoint_model", "endpoint_model_root"};
constexpr std::array<std::string_view, 10> hardware_keys{
    "device", "driver", "cuda", "cpu", "cpus", "gpu", "gpus", "threads", "memory", "host"};
// A new version that scores otherwise has another number for its tasks; a batch changes the last
// digits.
constexpr std::array<std::string_view, 5> told_keys{"version", "commit", "batch", "engine_name",
                                                    "cache"};

}  // namespace

KeyKind kind_of_key(std::string_view key) {
  if (std::ranges::find(subject_keys, key) != subject_keys.end()) return KeyKind::subject;
  if (std::ranges::find(hardware_keys, key) != hardware_keys.end()) return KeyKind::hardware;
  if (std::ranges::find(told_keys, key) != told_keys.end()) return KeyKind::told;
  return KeyKind::quality;
}

std::vector<KeyDifference> differences(const Fingerprint& before, const Fingerprint& now,
                                       KeyKind kind) {
  std::set<std::string> keys;
  for (const auto& [key, value] : before) keys.insert(key);
  for (const auto& [key, value] : now) keys.insert(key);
  const auto value_of = [](const Fingerprint& fingerprint, const std::string& key) {
    const auto found = fingerprint.find(key);
    return found == fingerprint.end() ? std::string() : found->second;
  };
  std::vector<KeyDifference> result;
  for (const std::string& key : keys) {
    if (kind_of_key(key) != kind) continue;
    KeyDifference one{key, value_of(before, key), value_of(now, key)};
    if (one.before != one.now) result.push_back(std::move(one));
  }
  return result;
}

}  // namespace mlopsctl::gate
