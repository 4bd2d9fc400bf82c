#include "engine/cpu/scorer.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::engine::cpu {

namespace {

constexpr std::size_t tall = 128, broad = 256;  // of a tile of logits
// Vocabulary that one task goes through: fixed, for sums are added up in the order of these.
constexpr std::size_t part_size = 4096;

// The whole of a row from its parts.
RowScore join(std::span<const LogitSummary> parts) {
  LogitSummary whole = parts.front();
  for (const LogitSummary& part : parts.subspan(1)) {
    whole.finite = whole.finite && part.finite;
    const float most = std::max(whole.most, part.most);
    whole.sum = whole.sum * std::exp(static_cast<double>(whole.most - most)) +
                part.sum * std::exp(static_cast<double>(part.most - most));
    if (part.most > whole.most) whole.best = part.best;  // of equals the lower id stays
    whole.most = most;
  }
  return {static_cast<double>(whole.most) + std::log(whole.sum), whole.best, whole.finite};
}

}  // namespace

std::vector<RowScore> score_rows(const Linear& head, Pool& pool, Multiplier& multiply,
                                 std::span<const float> hidden, std::span<LogitTarget> targets) {
  const Weight& weight = head.parts.front();
  const std::size_t width = head.inputs, rows = hidden.size() / width;
  const std::size_t parts = (weight.outputs + part_size - 1) / part_size;
  const std::size_t stripes = (rows + tall - 1) / tall;
  std::vector<LogitSummary> summaries(rows * parts);
  std::vector<std::size_t> first_target(rows + 1);
  for (std::size_t row = 0, t = 0; row <= rows; ++row) {
    while (t < targets.size() && targets[t].row < row) ++t;
    first_target[row] = t;
  }
  std::vector<Floats> tiles(pool.threads());
  pool.run(stripes * parts, [&](std::size_t task, unsigned worker) {
    // Neighbouring tasks read the same weights.
    const std::size_t part = task / stripes, row0 = task % stripes * tall;
    const std::size_t row_count = std::min(tall, rows - row0);
    const std::size_t end = std::min(part * part_size + part_size, weight.outputs);
    Floats& tile = tiles[worker];
    tile.resize(std::max(tile.size(), row_count * broad));
    for (std::size_t begin = part * part_size; begin < end; begin += broad) {
      const std::size_t n = std::min(broad, end - begin);
      multiply.part(weight, begin, begin + n, hidden.data() + row0 * width, width, row_count,
                    tile.data(), broad, worker);
      for (std::size_t r = 0; r < row_count; ++r) {
        const float* logits = tile.data() + r * broad;
        kernels().summarise(logits, n, static_cast<std::int32_t>(begin),
                            summaries[(row0 + r) * parts + part]);
        for (std::size_t t = first_target[row0 + r]; t < first_target[row0 + r + 1]; ++t) {
          const auto token = static_cast<std::size_t>(targets[t].token);
          if (token >= begin && token < begin + n) targets[t].logit = logits[token - begin];
        }
      }
    }
  });
  std::vector<RowScore> scores(rows);
  for (std::size_t row = 0; row < rows; ++row)
    scores[row] = join(std::span(summaries).subspan(row * parts, parts));
  return scores;
}

}  // namespace mlopsctl::engine::cpu
