#include "mlopsctl/eval/load.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <array>
#include <cmath>
#include <random>

namespace mlopsctl {

namespace {

// Words that most tokenizers have as one token each.
constexpr std::array words{
    "time",    "year",    "people",   "way",    "day",    "man",     "thing",   "woman",
    "life",    "child",   "world",    "school", "state",  "family",  "student", "group",
    "country", "problem", "hand",     "part",   "place",  "case",    "week",    "company",
    "system",  "program", "question", "work",   "number", "night",   "point",   "home",
    "water",   "room",    "mother",   "area",   "money",  "story",   "fact",    "month",
    "lot",     "right",   "study",    "book",   "eye",    "job",     "word",    "business",
    "issue",   "side",    "kind",     "head",   "house",  "service", "friend",  "father",
    "power",   "hour",    "game",     "line",   "end",    "member",  "law",     "car"};

// splitmix64: the standard's engines are the same everywhere, its distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  double uniform() {  // in (0, 1)
    return (static_cast<double>(next() >> 11U) + 0.5) / 9007199254740992.0;
  }
  double normal() {  // Box and Muller
    return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
  }
  // Of mean `shape`; G. Marsaglia, W. W. Tsang: A Simple Method for Generating Gamma Variables,
  // ACM TOMS 26 (2000).
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(uniform(), 1 / shape);
    const double d = shape - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal();
      const double v = std::pow(1 + c * x, 3);
      if (v <= 0) continue;
      if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }

 private:
  std::uint64_t state_;
};

std::optional<std::string> text_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::string prompt_in(const std::string& line, const std::string& place) {
  if (!line.starts_with('{')) return line;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return line;
  for (const char* key : {"prompt", "text", "input"})
    if (auto text = text_of(json, key)) return *text;
  const auto messages = json.find("messages");
  if (messages != json.end() && messages->is_array() && !messages->empty() &&
      messages->back().is_object()) {
    if (auto text = text_of(messages->back(), "content")) return *text;
  }
  throw Error(ErrorKind::usage, fmt::format("{} has no prompt", place),
              "a line is a text, or JSON with 'prompt' or 'messages'");
}

}  // namespace

void check_load(const LoadPlan& plan) {
  const auto refuse = [](const char* what, const char* hint) {
    throw Error(ErrorKind::usage, what, hint);
  };
  if (plan.requests == 0) refuse("no request is to be sent", "--requests needs a number from 1");
  if (plan.output_tokens == 0 || plan.output_tokens > 1'000'000)
    refuse("--output-tokens is a number from 1 to 1000000", "");
  if (plan.prompts.empty() && (plan.input_tokens == 0 || plan.input_tokens > 1'000'000))
    refuse("--input-tokens is a number from 1 to 1000000", "");
  if (!(plan.rate >= 0) || std::isinf(plan.rate))
    refuse("--rate is a number of requests a second", "leave it out for a closed loop");
  if (!(plan.burstiness > 0) || std::isinf(plan.burstiness))
    refuse("--burstiness is a number above 0", "1 is a Poisson process, below 1 is burstier");
  if (plan.concurrency == 0 && plan.rate == 0)
    refuse("a closed loop needs a concurrency", "--concurrency is a number from 1");
}

std::string describe_load(const LoadPlan& plan) {
  const std::string cap =
      plan.concurrency > 0 ? fmt::format(", {} at once", plan.concurrency) : std::string();
  if (plan.rate == 0) return "closed" + cap;
  const std::string kind =
      plan.burstiness == 1 ? "poisson"
                           : fmt::format("gamma with burstiness {}", human_number(plan.burstiness));
  return fmt::format("{}, {} requests/s{}", kind, human_number(plan.rate),
                     cap.empty() ? "" : ", at most" + cap.substr(1));
}

std::vector<double> due_times(const LoadPlan& plan) {
  std::vector<double> due;
  if (plan.rate <= 0) return due;
  Random random(plan.seed);
  double sum = 0;
  for (std::uint64_t i = 0; i < plan.requests; ++i) {
    due.push_back(sum);
    sum += random.gamma(plan.burstiness);
  }
  const double scale = static_cast<double>(plan.requests) / plan.rate / sum;
  for (double& time : due) time *= scale;
  return due;
}

std::string made_up_prompt(const LoadPlan& plan, std::uint64_t index) {
  Random random(plan.seed * 1'000'003 + index);
  std::string text;
  for (std::uint64_t i = 0; i < plan.input_tokens; ++i) {
    if (i > 0) text += ' ';
    text += words[random.next() % words.size()];
  }
  return text;
}

std::vector<std::string> read_prompts(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  std::vector<std::string> prompts;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    ++number;
    const std::string line(trim(std::string_view(text).substr(at, end - at)));
    at = end + 1;
    if (line.empty()) continue;
    prompts.push_back(prompt_in(line, fmt::format("line {} of {}", number, quoted_path(file))));
  }
  if (prompts.empty())
    throw Error(ErrorKind::usage, fmt::format("{} has no prompt", quoted_path(file)),
                "a line is a text, or JSON with 'prompt' or 'messages'");
  return prompts;
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace mlopsctl
