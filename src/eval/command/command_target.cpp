#include "mlopsctl/eval/command_target.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"

#include "eval/command/command_process.hpp"
#include "eval/command/command_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr std::string_view placeholder = "{requests}";

bool takes_file(const std::vector<std::string>& argv) {
  return std::ranges::any_of(
      argv, [](const std::string& word) { return word.find(placeholder) != std::string::npos; });
}

class CommandTarget final : public Target {
 public:
  explicit CommandTarget(const CommandOptions& options)
      : options_(options), by_file_(takes_file(options.argv)) {}

  std::string name() const override { return join(mask_arguments(options_.argv), " "); }

  Fingerprint fingerprint() const override {
    Fingerprint print{{"command", name()}};
    std::string digests;
    for (const std::string& word : options_.argv) {
      std::error_code failed;
      if (fs::is_regular_file(word, failed)) digests += digest_file(word).sha256.substr(0, 16);
    }
    if (!digests.empty()) print["command_files_sha256"] = digests;
    return print;
  }

  bool sends_chats() const override { return true; }  // as "messages"

  std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                           Progress& progress) override {
    return ask<LikelihoodResult>(requests, progress, "log-likelihoods");
  }
  std::vector<RollingResult> rolling(std::span<const std::string> texts,
                                     Progress& progress) override {
    return ask<RollingResult>(texts, progress, "perplexity");
  }
  std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                         Progress& progress) override {
    return ask<GenerationResult>(requests, progress, "generating");
  }

 private:
  template <class Result, class Request>
  std::vector<Result> ask(std::span<const Request> requests, Progress& progress,
                          const char* label) {
    std::vector<Result> results(requests.size());
    if (requests.empty()) return results;
    std::string lines;
    for (std::size_t i = 0; i < requests.size(); ++i)
      lines += request_line(first_id_ + i, requests[i]);
    std::vector<bool> answered(requests.size());
    std::size_t left = requests.size();
    progress.start(label, requests.size(), "requests");
    exchange(lines, [&](std::string_view line) {
      const auto id = answered_id(line);
      if (!id) {
        if (!std::exchange(ignored_, true) && !trim(line).empty())
          progress.note(fmt::format("the command printed what is no answer: {}", quote(line)));
        return true;
      }
      if (*id < first_id_ || *id - first_id_ >= requests.size()) {
        throw Error(ErrorKind::unavailable,
                    fmt::format("the command answered a request {} that it was not asked", *id));
      }
      const auto place = static_cast<std::size_t>(*id - first_id_);
      if (answered[place]) return true;
      answered[place] = true;
      read_answer(line, results[place]);
      tell(place, results[place]);
      progress.advance(1);
      return --left > 0;
    });
    for (std::size_t i = 0; i < results.size(); ++i)
      if (!answered[i]) results[i].error = "the command gave no answer";
    progress.finish();
    first_id_ += requests.size();
    return results;
  }

  void exchange(const std::string& lines, const CommandProcess::OnLine& on_line) {
    if (!by_file_) {
      if (!process_) process_.emplace(options_.argv);
      return process_->talk(lines, options_.timeout, on_line);
    }
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "requests.jsonl";
    write_file_atomically(file, lines, 0600);
    std::vector<std::string> argv = options_.argv;
    for (std::string& word : argv)
      if (const auto at = word.find(placeholder); at != std::string::npos)
        word.replace(at, placeholder.size(), file.string());
    CommandProcess process(argv);
    process.finish(options_.timeout, on_line);
  }

  CommandOptions options_;
  bool by_file_;
  bool ignored_ = false;  // a line that is no answer was told of
  std::uint64_t first_id_ = 0;
  std::optional<CommandProcess> process_;
};

}  // namespace

std::vector<std::string> command_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool begun = false;
  char quoted = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escapes = c == '\\' && quoted != '\'' && i + 1 < text.size() &&
                         (quoted == 0 || text[i + 1] == '"' || text[i + 1] == '\\');
    if (escapes) {
      word += text[++i];
      begun = true;
    } else if (quoted != 0) {
      if (c == quoted) {
        quoted = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quoted = c;
      begun = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (begun) words.push_back(std::exchange(word, {}));
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (quoted != 0) {
    throw Error(ErrorKind::usage, fmt::format("a quote is open in the command {}", quote(text)));
  }
  if (begun) words.push_back(word);
  if (words.empty()) {
    throw Error(ErrorKind::usage, "there is no command to run",
                "write --command 'python predict.py'");
  }
  return words;
}

std::unique_ptr<Target> open_command(const CommandOptions& options) {
  return std::make_unique<CommandTarget>(options);
}

}  // namespace mlopsctl
