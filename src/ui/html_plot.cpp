#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "ui/page_assets.hpp"
#include "ui/plot_data.hpp"

#include <kainjow/mustache.hpp>

namespace mlopsctl {

std::string html_plot(const std::string& title, std::span<const Chart> charts,
                      const PlotOptions& options) {
  namespace mustache = kainjow::mustache;
  mustache::data values;
  auto put = [&](const std::string& name, std::string_view text) {
    values.set(name, mustache::data(std::string(text)));
  };
  put("title", printable(title));
  put("style", assets::plot_style);
  put("style_sha256", assets::plot_style_sha256);
  put("math", assets::plot_math);
  put("math_sha256", assets::plot_math_sha256);
  put("dom", assets::page_dom);
  put("dom_sha256", assets::page_dom_sha256);
  put("script", assets::plot_script);
  put("script_sha256", assets::plot_script_sha256);
  put("controls", assets::plot_controls);
  put("controls_sha256", assets::plot_controls_sha256);
  put("data", plot_page_data(charts, options));
  mustache::mustache page{std::string(assets::plot_page)};
  return page.render(values);
}

}  // namespace mlopsctl
