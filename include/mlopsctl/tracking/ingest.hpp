// Streams metric lines (formats/jsonl.hpp) into a run.
#pragma once

#include "mlopsctl/formats/jsonl.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mlopsctl {

struct IngestTotals {
  std::uint64_t lines = 0;
  std::uint64_t points = 0;
  std::uint64_t params = 0;
  std::uint64_t tags = 0;
  std::uint64_t bad_lines = 0;
  std::uint64_t skipped_fields = 0;  // neither a number nor a reserved name
};

// Lines without a step get the next step of each of their series; lines without a time, the time of
// arrival. Nothing is stored before commit() returns. A param that contradicts an earlier value, or
// a name that is not allowed, makes its line bad; the rest goes on.
class LineIngest {
 public:
  // `bad` is told of each bad line.
  LineIngest(RunStore& store, std::string run_id,
             std::function<void(std::uint64_t line, const std::string& message)> bad);
  ~LineIngest();

  void feed(std::string_view bytes);
  void finish();  // a last line without its newline
  // Stores what was fed. `resume_key`: see MetricWriter; the value kept is `origin` + consumed().
  void commit(std::string_view resume_key = {}, std::int64_t origin = 0);
  std::size_t pending() const;  // points, params and tags that commit() would store
  std::uint64_t consumed() const;
  const IngestTotals& totals() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads a descriptor to its end. Commits whenever the input pauses, at the latest after 200 ms or
// 100,000 points; after each commit `committed` gets the number of lines stored so far.
// Throws Error{interrupted} after having committed what arrived before the signal.
IngestTotals ingest_descriptor(RunStore& store, const std::string& run_id, int fd,
                               const std::function<void(std::uint64_t lines)>& committed,
                               const std::function<void(std::uint64_t, const std::string&)>& bad);

}  // namespace mlopsctl
