// Writes points of one run and keeps the summaries of its series in step with them.
#pragma once

#include "mlopsctl/tracking/model.hpp"

#include "tracking/store_state.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlopsctl {

class SeriesWriter {
 public:
  SeriesWriter(StoreState& state, std::int64_t run) : state_(state), run_(run) {}

  // Throws Error{usage} for a key that the store does not take.
  void add(std::string_view key, const Point& point, const MetricContext& context);
  std::size_t pending() const { return points_.size(); }

  // Inside the caller's transaction. Repeats of stored points are swallowed.
  void write();
  // After the transaction: the points are stored, or they are kept for another try and everything
  // learnt from the database inside it is forgotten.
  void committed();
  void rolled_back();

 private:
  struct Buffered {
    std::uint32_t series;  // index in series_
    std::int64_t step;
    std::int64_t ts;
    double value;
  };
  struct Series {
    std::string key;
    MetricContext context;
    std::int64_t id = 0;  // series.id, 0 while unknown
    std::int64_t key_id = 0;
  };

  std::uint32_t index_of(std::string_view key, const MetricContext& context);
  void identify(Series& series);
  void sort_points();
  void write_series(const Series& series, const Buffered* begin, const Buffered* end);

  StoreState& state_;
  std::int64_t run_;
  std::vector<Series> series_;
  std::unordered_map<std::string, std::uint32_t> index_;  // by key and context
  std::string index_key_;                                 // kept for its capacity
  std::uint32_t last_ = 0;                                // series of the point added last
  std::vector<Buffered> points_;
  std::vector<Buffered> sorted_;
};

// The order of a series: by step, time and value, NaN after the numbers.
bool comes_before(const Point& a, const Point& b);

}  // namespace mlopsctl
