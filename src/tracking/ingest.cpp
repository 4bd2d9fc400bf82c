#include "mlopsctl/tracking/ingest.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <vector>

namespace mlopsctl {

struct LineIngest::State {
  RunStore& store;
  std::string run_id;
  std::function<void(std::uint64_t, const std::string&)> bad;
  MetricWriter writer;
  MetricLineReader reader;
  MetricLineSink sink;
  IngestTotals totals;
  Timestamp arrival;
  // Only series that ever had a line without a step are in here: the others cost no look-up.
  std::map<std::string, std::int64_t, std::less<>> next_step;

  State(RunStore& s, std::string id, std::function<void(std::uint64_t, const std::string&)> b)
      : store(s), run_id(std::move(id)), bad(std::move(b)), writer(store, run_id) {
    sink.line = [this](const MetricLine& line) { take(line); };
    sink.bad = [this](std::uint64_t number, const std::string& message) {
      reject(number, message);
    };
  }

  void reject(std::uint64_t number, const std::string& message) {
    ++totals.bad_lines;
    if (bad) bad(number, message);
  }

  void take(const MetricLine& line) {
    totals.skipped_fields += line.skipped;
    try {
      const Timestamp time = line.time.value_or(arrival);
      for (const auto& metric : line.metrics) {
        writer.add(metric.key, {step_of(line, metric.key), time, metric.value});
        ++totals.points;
      }
      if (!line.params.empty() || !line.tags.empty()) {
        store.log(run_id, {.params = {line.params.begin(), line.params.end()},
                           .tags = {line.tags.begin(), line.tags.end()}});
        totals.params += line.params.size();
        totals.tags += line.tags.size();
      }
    } catch (const Error& error) {
      // What is wrong with this line says nothing about the next; a broken store does.
      if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::conflict) throw;
      reject(line.number, error.what());
    }
  }

  std::int64_t step_of(const MetricLine& line, std::string_view key) {
    if (line.step && next_step.empty()) return *line.step;
    auto found = next_step.find(key);
    if (line.step) {
      if (found != next_step.end()) found->second = std::max(found->second, *line.step + 1);
      return *line.step;
    }
    if (found == next_step.end()) {
      writer.commit();
      std::int64_t next = 0;
      for (const auto& metric : store.run(run_id).metrics) {
        if (metric.key == key) next = std::max(next, metric.latest.step + 1);
      }
      found = next_step.emplace(key, next).first;
    }
    return found->second++;
  }
};

LineIngest::LineIngest(RunStore& store, std::string run_id,
                       std::function<void(std::uint64_t, const std::string&)> bad)
    : state_(std::make_unique<State>(store, std::move(run_id), std::move(bad))) {}
LineIngest::~LineIngest() = default;

void LineIngest::feed(std::string_view bytes) {
  state_->arrival = now();
  state_->reader.feed(bytes, state_->sink);
  state_->totals.lines = state_->reader.lines();
}

void LineIngest::finish() {
  state_->arrival = now();
  state_->reader.finish(state_->sink);
  state_->totals.lines = state_->reader.lines();
}

void LineIngest::commit(std::string_view resume_key, std::int64_t origin) {
  const auto consumed = static_cast<std::int64_t>(state_->reader.consumed());
  state_->writer.commit(resume_key, origin + consumed);
}

std::size_t LineIngest::pending() const { return state_->writer.pending(); }
std::uint64_t LineIngest::consumed() const { return state_->reader.consumed(); }
const IngestTotals& LineIngest::totals() const { return state_->totals; }

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t read_size = 1U << 18U;
constexpr std::size_t most_pending = 100'000;
constexpr auto longest_delay = 200ms;  // between the arrival of a line and its commit
constexpr int pause_ms = 5;            // an input that is silent for so long has paused

// True if bytes can be read (or the end is there) within the time; -1 waits for ever.
bool readable(int fd, int timeout_ms) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  const int ready = ::poll(&entry, 1, timeout_ms);
  if (ready < 0 && errno != EINTR) {
    throw Error(ErrorKind::io, fmt::format("cannot wait for input: {}", std::strerror(errno)));
  }
  return ready > 0;
}

}  // namespace

IngestTotals ingest_descriptor(RunStore& store, const std::string& run_id, int fd,
                               const std::function<void(std::uint64_t)>& committed,
                               const std::function<void(std::uint64_t, const std::string&)>& bad) {
  LineIngest ingest(store, run_id, bad);
  std::vector<char> buffer(read_size);
  std::uint64_t acknowledged = 0;
  auto oldest = Clock::now();
  const auto commit = [&] {
    ingest.commit();
    oldest = Clock::now();
    if (ingest.totals().lines == acknowledged) return;
    acknowledged = ingest.totals().lines;
    if (committed) committed(acknowledged);
  };
  while (interrupted_by() == 0) {
    const bool waiting = ingest.totals().lines != acknowledged;
    if (!readable(fd, waiting ? pause_ms : -1)) {
      if (interrupted_by() == 0) commit();
      continue;
    }
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      throw Error(ErrorKind::io, fmt::format("cannot read the input: {}", std::strerror(errno)));
    }
    if (got == 0) break;
    if (!waiting) oldest = Clock::now();
    ingest.feed({buffer.data(), static_cast<std::size_t>(got)});
    if (ingest.pending() >= most_pending || Clock::now() - oldest >= longest_delay) commit();
  }
  if (interrupted_by() == 0) ingest.finish();
  commit();
  check_interrupt();
  return ingest.totals();
}

}  // namespace mlopsctl
