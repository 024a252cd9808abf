#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// A family of figures as Prometheus reads them.
struct metric_family {
  enum class kind : std::uint8_t { counter, gauge };
  struct sample {
    std::vector<std::pair<std::string, std::string>> labels; ///< never of a meter, nor a text from outside
    std::int64_t value = 0;
  };

  std::string name; ///< `[a-z_]+`
  std::string help;
  kind type = kind::counter;
  std::vector<sample> samples;
};

/// The text format 0.0.4.
std::string metrics_text(const std::vector<metric_family>& families);

} // namespace gridtwin
