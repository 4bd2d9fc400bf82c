// Drift statistics by name, for golden files and for other programs that want to compare them.
#pragma once

#include <nlohmann/json.hpp>

// {"function": "ks", "reference": [1, 2, "NaN"], "current": [2, 3]} gives
// {"statistic": 0.5, "p": 1.0, "sign": 1, "location": 1.0}.
//
// Samples are sorted here, and what is not finite is dropped first; {"values": [..], "counts":
// [..]} is a sorted sample with repetitions. "integers": true compares 64-bit integers. Functions
// of counts take them as the two sides. Throws std::exception for what it does not understand.
nlohmann::json drift_value(const nlohmann::json& request);
