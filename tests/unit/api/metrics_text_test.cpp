#include "src/api/metrics_text.hpp"

#include <doctest/doctest.h>

using namespace gridtwin;

TEST_CASE("metrics_text: the text format 0.0.4, with its escapes") {
  using enum metric_family::kind;
  CHECK(metrics_text({}).empty());
  CHECK(metrics_text({{"a_total", "What is\ncounted \\ here \"now\".", counter, {{{}, 5}}},
                      {"b", "Of two.", gauge, {{{{"x", "1"}, {"y", "a\"b\\c\nd"}}, -7}, {{{"x", "2"}}, 0}}}})
        == "# HELP a_total What is\\ncounted \\\\ here \"now\".\n# TYPE a_total counter\na_total 5\n"
           "# HELP b Of two.\n# TYPE b gauge\nb{x=\"1\",y=\"a\\\"b\\\\c\\nd\"} -7\nb{x=\"2\"} 0\n");
}
