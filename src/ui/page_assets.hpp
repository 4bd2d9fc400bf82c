// The files beside this one that make up the HTML pages, embedded by cmake/Embed.cmake.
#pragma once

#include <string_view>

namespace mlopsctl::assets {

extern const std::string_view plot_page;  // mustache template
extern const std::string_view plot_style, plot_style_sha256;
extern const std::string_view plot_math, plot_math_sha256;
extern const std::string_view page_dom, page_dom_sha256;
extern const std::string_view plot_script, plot_script_sha256;
extern const std::string_view plot_figures, plot_figures_sha256;
extern const std::string_view plot_controls, plot_controls_sha256;

extern const std::string_view comparison_page;  // mustache template
extern const std::string_view comparison_style, comparison_style_sha256;
extern const std::string_view comparison_charts, comparison_charts_sha256;
extern const std::string_view comparison_script, comparison_script_sha256;

extern const std::string_view rates_page;  // mustache template
extern const std::string_view rates_style, rates_style_sha256;

extern const std::string_view gate_page;  // mustache template
extern const std::string_view gate_style, gate_style_sha256;

}  // namespace mlopsctl::assets
