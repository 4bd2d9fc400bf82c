#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/comparison_page.hpp"

#include "ui/comparison_data.hpp"
#include "ui/page_assets.hpp"
#include "ui/page_values.hpp"

#include <kainjow/mustache.hpp>

namespace mlopsctl {

namespace mustache = kainjow::mustache;

std::string html_comparison(const ComparisonPage& page, const ComparisonPageOptions& options) {
  mustache::data values;
  std::size_t fixed = assets::comparison_page.size() + 2048;
  const auto put = [&](const std::string& name, std::string_view text) {
    values.set(name, mustache::data(std::string(text)));
    fixed += text.size();
  };
  put("title", printable(page.title));
  put("verdict", printable(page.verdict));
  put("tone", tone_class(page.tone));
  put("reason", printable(page.reason));
  values.set("tiles", facts_of(page.tiles));
  values.set("facts", facts_of(page.facts));
  put("style", assets::comparison_style);
  put("style_sha256", assets::comparison_style_sha256);
  put("math", assets::plot_math);
  put("math_sha256", assets::plot_math_sha256);
  put("dom", assets::page_dom);
  put("dom_sha256", assets::page_dom_sha256);
  put("charts", assets::comparison_charts);
  put("charts_sha256", assets::comparison_charts_sha256);
  put("script", assets::comparison_script);
  put("script_sha256", assets::comparison_script_sha256);
  put("data", comparison_page_data(page, options.budget > fixed ? options.budget - fixed : 0));
  mustache::mustache document{std::string(assets::comparison_page)};
  return document.render(values);
}

}  // namespace mlopsctl
