#include "mlopsctl/drift/statistics.hpp"

#include "drift/ks_exact.hpp"
#include "drift/nan.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <unordered_map>

namespace mlopsctl::drift {

namespace {

constexpr std::uint64_t largest_automatic = 10000;  // scipy's MAX_AUTO_N
// A p below this is as good as 0 wherever p-values are compared, so no milliseconds are spent on
// it.
constexpr double negligible_p = 1e-12;
constexpr double cheap_work = 2e6;  // cells of the lattice, about a millisecond

}  // namespace

bool ks_tries_exact(const KsLattice& lattice, KsMethod method) {
  switch (method) {
    case KsMethod::automatic:
      return std::max(lattice.n1, lattice.n2) <= largest_automatic;
    case KsMethod::exact:
      return lattice.exact_is_possible();
    case KsMethod::asymptotic:
      return false;
  }
  return false;
}

struct KsPValues::State {
  KsLattice lattice;
  KsMethod method;
  double effective_size;  // n1 n2 / (n1 + n2)
  std::mutex mutex;
  std::unordered_map<std::int64_t, double> by_h;  // guarded by mutex

  State(std::uint64_t n1, std::uint64_t n2, KsMethod which)
      : lattice(n1, n2),
        method(which),
        effective_size(static_cast<double>(n1) * static_cast<double>(n2) /
                       (static_cast<double>(n1) + static_cast<double>(n2))) {}

  double exact(std::int64_t h) {
    {
      const std::lock_guard lock(mutex);
      if (const auto known = by_h.find(h); known != by_h.end()) return known->second;
    }
    const double p = compute(h);
    const std::lock_guard lock(mutex);
    by_h.emplace(h, p);
    return p;
  }

  double compute(std::int64_t h) const {
    if (method == KsMethod::automatic && lattice.work(h) > cheap_work) {
      const double d = static_cast<double>(h) / lattice.lcm;
      // Dvoretzky, Kiefer, Wolfowitz: p is at most a small constant times this.
      const double bound = std::exp(-2 * effective_size * d * d);
      if (3 * bound < negligible_p) return 2 * ks_one_sided_limit(lattice, d);
    }
    return ks_exact_two_sided(lattice, h);
  }
};

KsPValues::KsPValues(std::uint64_t n1, std::uint64_t n2, KsMethod method) {
  if (n1 > 0 && n2 > 0) state_ = std::make_unique<State>(n1, n2, method);
}
KsPValues::KsPValues(KsPValues&&) noexcept = default;
KsPValues& KsPValues::operator=(KsPValues&&) noexcept = default;
KsPValues::~KsPValues() = default;

KsPValues::Value KsPValues::operator()(double d) const {
  if (!state_ || std::isnan(d)) {
    return {nan, nan, false};
  }
  const KsLattice& lattice = state_->lattice;
  const double n = std::nearbyint(state_->effective_size);  // half to even, as numpy.round
  if (!ks_tries_exact(lattice, state_->method)) {
    return {d, kstwo_sf(d, static_cast<std::int64_t>(n)), false};
  }
  const std::int64_t h = lattice.h(std::clamp(d, 0.0, 1.0));
  const double statistic = static_cast<double>(h) / lattice.lcm;
  const double p = state_->exact(h);
  // scipy mistrusts an exact value that rounding has pushed above 1.
  if (p > 1) return {statistic, kstwo_sf(statistic, static_cast<std::int64_t>(n)), false};
  return {statistic, p, true};
}

}  // namespace mlopsctl::drift
