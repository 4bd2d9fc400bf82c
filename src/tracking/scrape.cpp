#include "tracking/scrape.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mlopsctl {

namespace {

constexpr std::size_t max_line = 64U << 10U;
constexpr std::size_t most_names = 10'000;  // what prints more different ones is no log of metrics

// Lines about the whole training or an evaluation belong to the step that the training has reached.
bool is_summary(const std::vector<scrape::Value>& values) {
  return std::any_of(values.begin(), values.end(), [](const scrape::Value& value) {
    return value.key.starts_with("eval_") || value.key.starts_with("eval/") ||
           value.key.starts_with("test_") || value.key == "train_runtime";
  });
}

// "Epoch 3/10" is the same bar as "Epoch 4/10".
std::string without_digits(std::string_view label) {
  std::string result;
  for (const char c : label)
    if (c < '0' || c > '9') result += c;
  return to_lower(result);
}

std::optional<std::int64_t> take_step(std::vector<scrape::Value>& values) {
  std::optional<std::int64_t> step;
  std::erase_if(values, [&](const scrape::Value& value) {
    if (!scrape::is_step_key(value.key)) return false;
    if (std::abs(value.number) > 9e15 || value.number != std::floor(value.number)) return false;
    step = static_cast<std::int64_t>(value.number);
    return true;
  });
  return step;
}

}  // namespace

Scraper::Scraper(const ScrapeOptions& options) : every_(std::max<std::int64_t>(options.every, 1)) {
  if (!options.pattern.empty()) pattern_.emplace(options.pattern);
}

void Scraper::feed(int stream, std::string_view bytes, const Sink& sink) {
  Stream& state = stream_of(stream);
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    const std::size_t room = max_line - state.partial.size();
    state.partial.append(piece.substr(0, room));
    state.overlong = state.overlong || piece.size() > room;
    state.offset += piece.size();
    if (end == std::string_view::npos) return;
    ++state.offset;
    end_line(stream, sink);
    bytes.remove_prefix(end + 1);
  }
}

void Scraper::end_line(int stream, const Sink& sink) {
  Stream& state = stream_of(stream);
  const std::uint64_t begin = std::exchange(state.begin, state.offset);
  const std::string line = std::exchange(state.partial, {});
  const bool overlong = std::exchange(state.overlong, false);
  if (!overlong) read_line(stream, begin, line, sink);
}

void Scraper::read_line(int stream, std::uint64_t begin, std::string_view raw, const Sink& sink) {
  Stream& state = stream_of(stream);
  if (raw.empty()) {
    state.redraw_mark = state.redraw_mark || state.blank;
    return;
  }
  const std::string line = scrape::without_escapes(raw);
  if (trim(line).empty()) {
    state.blank = state.blank || line.size() == raw.size();
    return;
  }
  if (const auto bar = scrape::progress_bar(line)) {
    read_bar(stream, begin, *bar, sink);
    if (!pattern_) return;
  }

  Waiting found{stream, begin, std::nullopt, {}, turn_};
  if (pattern_) {
    auto match = pattern_->match(line);
    found.values = std::move(match.values);
    found.step = match.step;
  } else {
    found.values = scrape::dict_values(line);
    if (found.values.empty()) found.values = scrape::pair_values(line);
    found.step = take_step(found.values);
  }
  if (!found.values.empty()) add(std::move(found), sink);
}

bool Scraper::is_training_bar(const std::string& label, std::int64_t total) const {
  if (!label.empty() && !label.starts_with("train") && !label.starts_with("epoch")) return false;
  if (!bar_ || (bar_->label == label && bar_->total == total)) return true;
  // Another one only after the first has ended; a smaller one is the evaluation that follows.
  return bar_->n == bar_->total && total > bar_->total;
}

void Scraper::read_bar(int stream, std::uint64_t begin, const scrape::Bar& bar, const Sink& sink) {
  Stream& state = stream_of(stream);
  const std::string label = without_digits(bar.label);
  const bool training = is_training_bar(label, bar.total);
  if (training) {
    if (!bar_ || bar_->total != bar.total || bar_->label != label)
      bar_ = TrainingBar{.label = label, .total = bar.total};
    if (bar.n < bar_->n) bar_->base += bar_->n;  // the bar of the next epoch
    bar_->n = bar.n;
    const bool redrawn = std::exchange(state.redraw_mark, false);
    state.blank = false;
    const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                    [](const Waiting& line) { return !line.step; });
    if (redrawn && first != waiting_.end()) {
      first->step = position();
      emit_settled(sink);
    }
  }
  // Numbers at the end of a bar ("loss=0.5"): each position once, and of other bars only the final
  // ones.
  if (bar_positions_.size() > most_names) bar_positions_.clear();
  const auto seen = std::exchange(bar_positions_[label], {bar.total, bar.n});
  if (pattern_ || seen == std::pair{bar.total, bar.n} || (!training && bar.n != bar.total)) return;
  auto values = scrape::pair_values(bar.rest);
  if (values.empty()) return;
  add(Waiting{stream, begin, training ? position() : std::nullopt, std::move(values), turn_}, sink);
}

std::optional<std::int64_t> Scraper::position() const {
  return bar_ ? std::optional{bar_->base + bar_->n} : std::nullopt;
}

void Scraper::add(Waiting line, const Sink& sink) {
  if (priming_) return;
  waiting_.push_back(std::move(line));
  emit_settled(sink);
}

// Lines leave in the order in which they came, so that consumed() is exact.
void Scraper::emit_settled(const Sink& sink) {
  while (!waiting_.empty() && (waiting_.front().step || !bar_)) {
    const Waiting line = std::move(waiting_.front());
    waiting_.pop_front();
    emit(line, line.step, sink);
  }
}

void Scraper::settle(const Sink& sink) {
  for (auto& line : waiting_)
    if (!line.step && line.turn < turn_) line.step = position();
  emit_settled(sink);
  ++turn_;
}

void Scraper::finish(const Sink& sink) {
  for (const int stream : {1, 2})
    if (!stream_of(stream).partial.empty()) end_line(stream, sink);
  for (auto& line : waiting_)
    if (!line.step) line.step = position();
  emit_settled(sink);
}

void Scraper::emit(const Waiting& line, std::optional<std::int64_t> position, const Sink& sink) {
  const bool summary = is_summary(line.values);
  if (!position && summary && last_training_step_ > 0) position = last_training_step_;
  for (const auto& value : line.values) {
    if (series_.size() >= most_names && !series_.contains(value.key)) continue;
    Series& series =
        series_.try_emplace(value.key, Series{.last = 0, .distance = every_}).first->second;
    const std::int64_t step = position ? * position : series.last += series.distance;
    if (!summary) last_training_step_ = std::max(last_training_step_, step);
    sink(line.stream, value.key, step, value.number);
  }
}

void Scraper::continue_series(const std::string& key, std::int64_t last_step,
                              std::int64_t distance) {
  series_[key] = {.last = last_step, .distance = distance};
  last_training_step_ = std::max(last_training_step_, last_step);
}

void Scraper::prime(int stream, std::string_view bytes) {
  priming_ = true;
  feed(stream, bytes, {});
  priming_ = false;
}

std::uint64_t Scraper::consumed(int stream) const {
  const Stream& state = streams_[stream == 2 ? 1 : 0];
  std::uint64_t result = state.begin;
  for (const auto& line : waiting_)
    if (line.stream == stream) return std::min(result, line.begin);
  return result;
}

}  // namespace mlopsctl
