// What happens to one row after the other: norms, activations, rotations, logits. See
// kernels_product.hpp for why nothing of the standard library is used.
#pragma once

#include "engine/cpu/kernels.hpp"

namespace mlopsctl::engine::cpu {

// e^x to 1 ulp or so, after Cephes; below -87.3 the smallest normal number, NaN stays NaN.
template <class L>
typename L::V exp_of(typename L::V x) {
  using V = typename L::V;
  x = L::max(L::all(-87.3F), L::min(L::all(88.3F), x));
  const V power = L::round(L::mul(x, L::all(1.44269504F)));
  V rest = L::fma(power, L::all(-0.693359375F), x);
  rest = L::fma(power, L::all(2.12194440e-4F), rest);
  V sum = L::all(1.9875691500e-4F);
  sum = L::fma(sum, rest, L::all(1.3981999507e-3F));
  sum = L::fma(sum, rest, L::all(8.3334519073e-3F));
  sum = L::fma(sum, rest, L::all(4.1665795894e-2F));
  sum = L::fma(sum, rest, L::all(1.6666665459e-1F));
  sum = L::fma(sum, rest, L::all(5.0000001201e-1F));
  sum = L::fma(sum, L::mul(rest, rest), rest);
  return L::times_two_to(L::add(sum, L::all(1)), power);
}

// Calls f(index, load, store) for whole vectors and once for the rest of n floats.
template <class L, class F>
void each_vector(std::size_t n, F f) {
  std::size_t i = 0;
  for (; i + L::width <= n; i += L::width)
    f([=](const float* from) { return L::load(from + i); },
      [=](float* to, typename L::V v) { L::store(to + i, v); });
  if (i < n)
    f([=](const float* from) { return L::load(from + i, n - i); },
      [=](float* to, typename L::V v) { L::store(to + i, v, n - i); });
}

template <class L>
void add_rows(float* to, const float* from, const float* bias, std::size_t n) {
  each_vector<L>(n, [&](auto load, auto store) {
    const typename L::V value = bias == nullptr ? load(from) : L::add(load(from), load(bias));
    store(to, L::add(load(to), value));
  });
}

// x / (1 + exp(-2u)) with u = sqrt(2/pi) (x + 0.044715 x³), which is x/2 (1 + tanh u).
template <class L>
void gelu(float* x, const float* bias, std::size_t n) {
  using V = typename L::V;
  each_vector<L>(n, [&](auto load, auto store) {
    const V value = bias == nullptr ? load(x) : L::add(load(x), load(bias));
    const V cubic = L::fma(L::mul(L::mul(value, value), L::all(0.044715F)), value, value);
    const V e = exp_of<L>(L::mul(cubic, L::all(-1.5957691216F)));
    store(x, L::div(value, L::add(L::all(1), e)));
  });
}

template <class L>
void gated_silu(const float* gate, const float* up, float* out, std::size_t n) {
  using V = typename L::V;
  each_vector<L>(n, [&](auto load, auto store) {
    const V value = load(gate);
    const V e = exp_of<L>(L::sub(L::zero(), value));
    store(out, L::mul(L::div(value, L::add(L::all(1), e)), load(up)));
  });
}

template <class L>
float sum_of(const float* x, std::size_t n) {
  typename L::V sum = L::zero();
  each_vector<L>(n, [&](auto load, auto) { sum = L::add(sum, load(x)); });
  return L::sum(sum);
}

template <class L>
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, float* out,
                std::size_t n) {
  using V = typename L::V;
  const float mean = sum_of<L>(x, n) / static_cast<float>(n);
  V squares = L::zero();
  std::size_t i = 0;
  for (; i + L::width <= n; i += L::width) {
    const V difference = L::sub(L::load(x + i), L::all(mean));
    squares = L::fma(difference, difference, squares);
  }
  if (i < n) {
    const V difference = L::first(L::sub(L::load(x + i, n - i), L::all(mean)), n - i, L::zero());
    squares = L::fma(difference, difference, squares);
  }
  const float variance = L::sum(squares) / static_cast<float>(n);
  const V scale = L::all(1.0F / __builtin_sqrtf(variance + epsilon));
  each_vector<L>(n, [&](auto load, auto store) {
    const V normal = L::mul(L::sub(load(x), L::all(mean)), scale);
    store(out, L::fma(normal, load(weight), load(bias)));
  });
}

template <class L>
void rms_norm(const float* x, const float* weight, float epsilon, float* out, std::size_t n) {
  using V = typename L::V;
  V squares = L::zero();
  each_vector<L>(n, [&](auto load, auto) { squares = L::fma(load(x), load(x), squares); });
  const float mean = L::sum(squares) / static_cast<float>(n);
  const V scale = L::all(1.0F / __builtin_sqrtf(mean + epsilon));
  each_vector<L>(
      n, [&](auto load, auto store) { store(out, L::mul(L::mul(load(x), scale), load(weight))); });
}

template <class L>
void rotate(float* head, const float* c, const float* s, std::size_t half) {
  using V = typename L::V;
  float* other = head + half;
  each_vector<L>(half, [&](auto load, auto store) {
    const V a = load(head), b = load(other);
    store(head, L::sub(L::mul(a, load(c)), L::mul(b, load(s))));
    store(other, L::fma(a, load(s), L::mul(b, load(c))));
  });
}

template <class L>
void summarise(const float* logits, std::size_t n, std::int32_t id, LogitSummary& summary) {
  using V = typename L::V;
  // Zero times NaN or infinity is NaN.
  V most = L::all(logits[0]), defect = L::zero();
  std::size_t i = 0;
  for (; i + L::width <= n; i += L::width) {
    const V value = L::load(logits + i);
    most = L::max(most, value);
    defect = L::fma(value, L::zero(), defect);
  }
  if (i < n) {
    const V value = L::first(L::load(logits + i, n - i), n - i, L::all(logits[0]));
    most = L::max(most, value);
    defect = L::fma(value, L::zero(), defect);
  }
  const float wrong = L::sum(defect);
  if (wrong != wrong) {
    summary.finite = false;
    return;
  }
  const float highest = L::max_of(most);
  if (summary.best < 0 || highest > summary.most) {
    std::size_t first = 0;
    while (logits[first] != highest) ++first;
    if (summary.best >= 0)
      summary.sum *= __builtin_exp(static_cast<double>(summary.most - highest));
    summary.most = highest;
    summary.best = id + static_cast<std::int32_t>(first);
  }
  const V middle = L::all(summary.most);
  V sum = L::zero();
  for (i = 0; i + L::width <= n; i += L::width)
    sum = L::add(sum, exp_of<L>(L::sub(L::load(logits + i), middle)));
  if (i < n)
    sum = L::add(sum,
                 L::first(exp_of<L>(L::sub(L::load(logits + i, n - i), middle)), n - i, L::zero()));
  summary.sum += static_cast<double>(L::sum(sum));
}

}  // namespace mlopsctl::engine::cpu
