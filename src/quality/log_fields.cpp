#include "quality/log_fields.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace mlopsctl::quality {

namespace {

constexpr std::size_t most_records = 100;

// The first that most records have wins, so the special come before the general.
constexpr std::array response_fields{
    "choices[0].message.content",                // OpenAI and what speaks its protocol
    "choices[0].text",                           // its completions
    "response.choices[0].message.content",       // a gateway that logs request and response
    "response.body.choices[0].message.content",  // OpenAI's batches
    "response.content",
    "response.text",
    "response",
    "message.content",                   // Ollama
    "messages[role=assistant].content",  // conversations
    "conversations[from=gpt].value",     // ShareGPT
    "output[type=message].content",      // OpenAI's responses
    "outputs[0].text",                   // vLLM
    "output.text",
    "output_text",
    "output",
    "completion",
    "generated_text",
    "generation",
    "answer",
    "reply",
    "prediction",
    "assistant",
    "text",
    "content",
    "message"};
constexpr std::array prompt_fields{"request.messages[role=user].content",
                                   "messages[role=user].content",
                                   "conversations[from=human].value",
                                   "request.prompt",
                                   "prompt",
                                   "question",
                                   "query",
                                   "instruction",
                                   "input",
                                   "user",
                                   "request"};
constexpr std::array id_fields{"id",       "request_id", "response_id", "custom_id",
                               "trace_id", "uuid",       "response.id"};
constexpr std::array time_fields{"timestamp", "time", "ts",   "created_at",
                                 "created",   "at",   "date", "datetime"};
constexpr std::array finish_fields{"finish_reason",
                                   "choices[0].finish_reason",
                                   "response.choices[0].finish_reason",
                                   "response.body.choices[0].finish_reason",
                                   "stop_reason",
                                   "response.stop_reason",
                                   "done_reason",
                                   "outputs[0].finish_reason"};

// How many of the records have a text at each path.
class Counter {
 public:
  explicit Counter(std::span<const char* const> names) {
    for (const char* name : names) paths_.push_back(JsonPath::parse(name));
    counts_.resize(paths_.size());
  }
  void look(JsonDocument& document, bool scalars) {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (scalars ? document.scalar_at(paths_[i]) : document.text_at(paths_[i])) ++counts_[i];
    }
  }
  std::string best() const {
    const auto most = std::ranges::max_element(counts_);
    return *most == 0 ? std::string()
                      : paths_[static_cast<std::size_t>(most - counts_.begin())].text();
  }

 private:
  std::vector<JsonPath> paths_;
  std::vector<std::size_t> counts_;
};

void add_names(std::vector<std::string>& names, const JsonDocument& document) {
  for (const std::string& name : document.keys()) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
}

[[noreturn]] void no_response(const std::string& source, const std::vector<std::string>& names) {
  throw Error(ErrorKind::usage,
              fmt::format("no field of {} is known to hold responses: its fields are {}", source,
                          names.empty() ? "none" : quote(join(names, ", "))),
              "name it with --field, such as --field answer or --field "
              "'choices[0].message.content'");
}

}  // namespace

std::optional<LogFields> find_fields(std::string_view head, const std::string& source,
                                     const LogFields& wanted) {
  if (trim(head).starts_with('[')) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is one JSON list, not JSON lines", source),
                "write one object a line: jq -c '.[]' FILE");
  }
  Counter responses(response_fields), prompts(prompt_fields), ids(id_fields), times(time_fields),
      reasons(finish_fields);
  std::vector<std::string> names;
  JsonDocument document;
  std::size_t records = 0;
  for (std::size_t at = 0; at < head.size() && records < most_records;) {
    const std::size_t end = std::min(head.find('\n', at), head.size());
    const std::string_view line = trim(head.substr(at, end - at));
    at = end + 1;
    if (line.empty() || !document.parse(line).empty() || !document.is_object()) continue;
    ++records;
    responses.look(document, false);
    prompts.look(document, false);
    ids.look(document, true);
    times.look(document, true);
    reasons.look(document, true);
    if (names.size() < 20) add_names(names, document);
  }
  if (records == 0) return std::nullopt;
  LogFields fields = wanted;
  if (fields.response.empty()) fields.response = responses.best();
  if (fields.response.empty()) no_response(source, names);
  if (fields.prompt.empty()) fields.prompt = prompts.best();
  if (fields.prompt == fields.response) fields.prompt.clear();
  if (fields.id.empty()) fields.id = ids.best();
  if (fields.time.empty()) fields.time = times.best();
  if (fields.finish_reason.empty()) fields.finish_reason = reasons.best();
  return fields;
}

}  // namespace mlopsctl::quality
