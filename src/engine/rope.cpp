#include "engine/rope.hpp"

#include <cmath>
#include <numbers>

namespace mlopsctl::engine {

namespace {

double scaled(double frequency, const RopeScaling& scaling) {
  if (scaling.kind == RopeScaling::Kind::none) return frequency;
  if (scaling.kind == RopeScaling::Kind::linear) return frequency / scaling.factor;
  const double wavelength = 2 * std::numbers::pi / frequency;
  const double original = scaling.original_positions;
  if (wavelength < original / scaling.high_frequency_factor) return frequency;
  if (wavelength > original / scaling.low_frequency_factor) return frequency / scaling.factor;
  const double share = (original / wavelength - scaling.low_frequency_factor) /
                       (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - share) * frequency / scaling.factor + share * frequency;
}

}  // namespace

std::vector<float> rotation_frequencies(const ModelConfig& config) {
  std::vector<float> frequencies(config.head_size / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = 2 * static_cast<double>(i) / config.head_size;
    frequencies[i] =
        static_cast<float>(scaled(std::pow(config.rope_theta, -exponent), config.rope_scaling));
  }
  return frequencies;
}

}  // namespace mlopsctl::engine
