// One pass over a log: lines are parsed and measured on several threads, added up in order.
#include "mlopsctl/quality/log.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/text_lines.hpp"
#include "mlopsctl/formats/json_document.hpp"
#include "mlopsctl/formats/table_part.hpp"

#include "quality/log_fields.hpp"
#include "quality/tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <tuple>

namespace mlopsctl::quality {

namespace {

constexpr std::size_t kept_bad_lines = 20;
constexpr std::size_t kept_alerts = 1000;
constexpr std::size_t excerpt_bytes = 1000;
constexpr std::size_t excerpt_width = 160;

// The fields of a log as paths.
struct Paths {
  std::optional<JsonPath> response, prompt, id, time, finish_reason;

  explicit Paths(const LogFields& fields) {
    const auto set = [](std::optional<JsonPath>& path, const std::string& text) {
      if (!text.empty()) path = JsonPath::parse(text);
    };
    set(response, fields.response);
    set(prompt, fields.prompt);
    set(id, fields.id);
    set(time, fields.time);
    set(finish_reason, fields.finish_reason);
  }
};

std::optional<Timestamp> time_at(JsonDocument& document, const JsonPath& path) {
  std::optional<std::int64_t> time;
  if (const auto number = document.number_at(path)) {
    time = epoch_time(*number);
  } else if (const auto text = document.text_at(path)) {
    time = parse_iso_time(*text);
    const auto seconds = time ? std::nullopt : parse_number(*text);
    if (seconds) time = epoch_time(*seconds);
  }
  return time ? std::optional(Timestamp{*time}) : std::nullopt;
}

bool worse(const ShownResponse& a, const ShownResponse& b) {
  return std::tuple(a.score, -a.toxicity, -static_cast<std::ptrdiff_t>(a.flags.size())) <
         std::tuple(b.score, -b.toxicity, -static_cast<std::ptrdiff_t>(b.flags.size()));
}

// The worst responses so far, the worst first; of equals the first come first.
class Worst {
 public:
  explicit Worst(std::size_t most) : most_(most) {}
  struct Kept {
    ShownResponse response;
    std::uint64_t text = 0;  // hash of the whole text
  };

  bool takes(const ShownResponse& one) const {
    return kept_.size() < most_ || (most_ > 0 && worse(one, kept_.back().response));
  }
  void add(ShownResponse one, std::uint64_t text) {
    if (!takes(one)) return;
    const auto same = [&](const Kept& other) { return other.text == text; };
    if (std::ranges::any_of(kept_, same)) return;
    const auto place = std::ranges::upper_bound(kept_, one, worse, &Kept::response);
    kept_.insert(place, {std::move(one), text});
    if (kept_.size() > most_) kept_.pop_back();
  }
  std::vector<Kept> take() { return std::move(kept_); }

 private:
  std::size_t most_;
  std::vector<Kept> kept_;
};

// What a chunk of lines gives; line numbers begin with 1 in each chunk.
struct Part {
  LogSummary summary;
  LogBlock block;
  std::uint64_t all_lines = 0;
  std::vector<Worst::Kept> worst;
};

class ChunkReader {
 public:
  ChunkReader(const LogOptions& options, const Indicators& indicators, const Paths& paths)
      : options_(options),
        indicators_(indicators),
        paths_(paths),
        measurer_(indicators),
        worst_(options.worst),
        values_(indicators.size()),
        score_(*indicators.find("score")),
        toxicity_(*indicators.find("toxicity")),
        language_(*indicators.find("language")) {
    part_.summary.totals.resize(indicators.size());
    part_.summary.labels.resize(indicators.labels().size());
    if (!options.show.empty()) show_ = indicators.find(options.show);
  }

  std::shared_ptr<Part> read(std::string_view text) {
    std::uint64_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line = trim(text.substr(at, end - at));
      ++number;
      if (!line.empty()) {
        ++part_.summary.lines;
        const auto readable = static_cast<std::size_t>(text.data() + text.size() - line.data());
        read_line(line, readable, number, end < text.size());
      }
      at = end + 1;
    }
    part_.all_lines = number;
    part_.worst = worst_.take();
    return std::make_shared<Part>(std::move(part_));
  }

 private:
  void read_line(std::string_view line, std::size_t readable, std::uint64_t number, bool ended) {
    std::string problem = document_.parse(line, readable);
    if (problem.empty() && !document_.is_object()) problem = "expected a JSON object";
    if (!problem.empty()) {
      if (!ended) {
        ++part_.summary.being_written;
        return;
      }
      ++part_.summary.malformed;
      if (part_.summary.bad_lines.size() < kept_bad_lines) {
        part_.summary.bad_lines.push_back({{}, number, std::move(problem)});
      }
      return;
    }
    const auto text = response();
    if (!text) {
      ++part_.summary.without_response;
      return;
    }
    const std::optional<Timestamp> time =
        paths_.time ? time_at(document_, *paths_.time) : std::nullopt;
    const bool windowed = options_.from || options_.to;
    if (windowed && (!time || (options_.from && *time < *options_.from) ||
                     (options_.to && *time >= *options_.to))) {
      ++part_.summary.outside;
      return;
    }
    measure(*text, time, number);
  }

  std::optional<std::string_view> response() {
    const auto text = document_.text_at(*paths_.response);
    return text ? text : document_.scalar_at(*paths_.response);
  }

  void measure(std::string_view text, std::optional<Timestamp> time, std::uint64_t number) {
    const auto optional_text = [&](const std::optional<JsonPath>& path) {
      return path ? document_.text_at(*path) : std::nullopt;
    };
    measurer_.measure({text, optional_text(paths_.prompt), optional_text(paths_.finish_reason)},
                      values_);
    LogBlock& block = part_.block;
    block.lines.push_back(number);
    block.values.insert(block.values.end(), values_.begin(), values_.end());
    std::string id;
    if (paths_.id) {
      const auto given = document_.scalar_at(*paths_.id);
      if (given) id = *given;
      block.ids.push_back(id);
    }
    if (paths_.time) block.times.push_back(time);
    add_totals(time);
    keep(text, time, number, id);
  }

  void add_totals(std::optional<Timestamp> time) {
    LogSummary& summary = part_.summary;
    ++summary.responses;
    for (std::size_t i = 0; i < values_.size(); ++i) summary.totals[i].add(values_[i]);
    if (const double label = values_[language_]; !std::isnan(label)) {
      ++summary.labels[static_cast<std::size_t>(label)];
    }
    if (!time) return;
    if (!summary.times) summary.times.emplace(*time, *time);
    summary.times->first = std::min(summary.times->first, *time);
    summary.times->second = std::max(summary.times->second, *time);
  }

  void keep(std::string_view text, std::optional<Timestamp> time, std::uint64_t number,
            const std::string& id) {
    const auto shown = [&](std::vector<std::string> flags) {
      return ShownResponse{.line = number,
                           .id = id,
                           .time = time,
                           .score = values_[score_],
                           .toxicity = values_[toxicity_],
                           .flags = std::move(flags)};
    };
    const auto excerpt = [&] {
      return printable(shortened(text.substr(0, excerpt_bytes), excerpt_width));
    };
    const std::size_t alerts = fixed_indicators().size();
    if (auto flags = flags_from(alerts); !flags.empty()) {
      ++part_.summary.alerting;
      if (part_.summary.alerts.size() < kept_alerts) {
        part_.summary.alerts.push_back(shown(std::move(flags)));
        part_.summary.alerts.back().excerpt = excerpt();
      }
    }
    if (show_ && !(values_[*show_] > 0)) return;
    ShownResponse one = shown(flags_from(0));
    if ((one.flags.empty() && !show_) || !worst_.takes(one)) return;
    one.excerpt = excerpt();
    worst_.add(std::move(one), hash_of(text));
  }

  // The bad flags that hold, from an indicator on.
  std::vector<std::string> flags_from(std::size_t first) const {
    std::vector<std::string> flags;
    for (std::size_t i = first; i < values_.size(); ++i) {
      const IndicatorInfo& info = indicators_.all()[i];
      if (info.bad && values_[i] > 0) flags.push_back(info.name);
    }
    return flags;
  }

  const LogOptions& options_;
  const Indicators& indicators_;
  const Paths& paths_;
  Measurer measurer_;
  JsonDocument document_;
  Worst worst_;
  std::vector<double> values_;
  std::size_t score_, toxicity_, language_;
  std::optional<std::size_t> show_;
  Part part_;
};

// Adds the parts up in the order of the log.
class Total {
 public:
  Total(const LogOptions& options, const Indicators& indicators, const TakeBlock& take)
      : take_(take), worst_(options.worst) {
    summary.totals.resize(indicators.size());
    summary.labels.resize(indicators.labels().size());
  }

  void begin() { line_ = 0; }

  void add_part(const std::string& file, Part& part) {
    const LogSummary& more = part.summary;
    summary.lines += more.lines;
    summary.responses += more.responses;
    summary.without_response += more.without_response;
    summary.outside += more.outside;
    summary.malformed += more.malformed;
    summary.being_written += more.being_written;
    for (BadLine bad : more.bad_lines) {
      if (summary.bad_lines.size() == kept_bad_lines) break;
      bad.file = file;
      bad.line += line_;
      summary.bad_lines.push_back(std::move(bad));
    }
    for (std::size_t i = 0; i < more.totals.size(); ++i) summary.totals[i].add(more.totals[i]);
    for (std::size_t i = 0; i < more.labels.size(); ++i) summary.labels[i] += more.labels[i];
    if (more.times) {
      if (!summary.times) summary.times = more.times;
      summary.times->first = std::min(summary.times->first, more.times->first);
      summary.times->second = std::max(summary.times->second, more.times->second);
    }
    summary.alerting += more.alerting;
    for (ShownResponse one : more.alerts) {
      if (summary.alerts.size() == kept_alerts) break;
      one.file = file;
      one.line += line_;
      summary.alerts.push_back(std::move(one));
    }
    for (auto& [one, text] : part.worst) {
      one.file = file;
      one.line += line_;
      worst_.add(std::move(one), text);
    }
    part.block.file = file;
    for (std::uint64_t& line : part.block.lines) line += line_;
    if (take_ && part.block.rows() > 0) take_(part.block);
    line_ += part.all_lines;
  }
  LogSummary finish() {
    for (auto& [one, text] : worst_.take()) summary.worst.push_back(std::move(one));
    return std::move(summary);
  }

  LogSummary summary;

 private:
  const TakeBlock& take_;
  Worst worst_;
  std::uint64_t line_ = 0;  // of the present input, before the part
};

}  // namespace

void IndicatorTotal::add(double value) {
  if (std::isnan(value)) return;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  ++count_;
  add_to_sum(value);
}

void IndicatorTotal::add(const IndicatorTotal& more) {
  if (more.count_ == 0) return;
  min_ = count_ == 0 ? more.min_ : std::min(min_, more.min_);
  max_ = count_ == 0 ? more.max_ : std::max(max_, more.max_);
  count_ += more.count_;
  add_to_sum(more.sum_);
  add_to_sum(more.lost_);
}

// Neumaier's sum.
void IndicatorTotal::add_to_sum(double value) {
  const double sum = sum_ + value;
  lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
  sum_ = sum;
}

LogSummary read_log(const std::vector<std::string>& inputs, const LogOptions& options,
                    const Indicators& indicators, Progress& progress, const TakeBlock& take) {
  Total total(options, indicators, take);
  std::optional<Paths> paths;
  LogFields fields = options.fields;
  const Paths nothing({.response = "response"});  // of a log that has no record
  const drift::LineReading reading{
      .fetch = options.fetch,
      .threads = options.threads,
      .open =
          [&](const std::string& source, std::string_view head) {
            total.begin();
            if (paths) return;
            // A log without records has no fields; what names no field is told by the next one.
            const auto found = find_fields(head, source, options.fields);
            if (found) fields = *found;
            if (found) paths.emplace(fields);
          },
      .work = [&](const drift::LineChunk& chunk) -> std::shared_ptr<void> {
        return ChunkReader(options, indicators, paths ? *paths : nothing).read(chunk.text);
      },
      .take =
          [&](const drift::LineChunk& chunk, const std::shared_ptr<void>& part) {
            total.add_part(chunk.path, *std::static_pointer_cast<Part>(part));
          }};
  total.summary.files = drift::read_lines(inputs, reading, progress);
  total.summary.source = join(inputs, " ");
  total.summary.fields = fields;
  return total.finish();
}

}  // namespace mlopsctl::quality
