#include "src/ingest/estate_files.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <algorithm>

namespace gridtwin {
namespace {

using namespace gridtwin::test;

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The message of an estate that must be refused.
std::string refusal(const estate_texts& texts) {
  const auto parsed = parse_estate(texts, "folder");
  REQUIRE(!parsed);
  CHECK(parsed.failure().code == errc::bad_estate);
  return parsed.failure().message;
}

bool same(const estate& a, const estate& b) {
  const auto equal = [](const auto& x, const auto& y, auto compare) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), compare);
  };
  return a.source_names == b.source_names
         && equal(a.transformers, b.transformers,
                  [](const auto& x, const auto& y) {
                    return x.id == y.id && x.name == y.name && x.rating_va == y.rating_va && x.gsp_group == y.gsp_group
                           && x.power_factor_ppm == y.power_factor_ppm;
                  })
         && equal(a.feeders, b.feeders,
                  [](const auto& x, const auto& y) {
                    return x.transformer == y.transformer && x.id == y.id && x.name == y.name;
                  })
         && equal(a.connections, b.connections, [](const auto& x, const auto& y) {
              return x.mpan == y.mpan && x.feeder == y.feeder && x.effective == y.effective
                     && x.supplier_mpid == y.supplier_mpid && x.segment == y.segment && x.type == y.type
                     && x.domestic == y.domestic && x.energised == y.energised && x.quantities == y.quantities
                     && x.source_name == y.source_name;
            });
}

TEST_CASE("estate: sorted, with defaults") {
  const auto parsed = parse_estate(good_texts(), "folder");
  REQUIRE(parsed);
  const estate& e = *parsed;
  REQUIRE(e.transformers.size() == 2);
  CHECK(e.transformers[0].id == "T1");
  CHECK(e.transformers[0].rating_va == 315'500);
  CHECK(e.transformers[0].power_factor_ppm == 950'000);
  CHECK(e.transformers[0].gsp_group == 'C');
  REQUIRE(e.feeders.size() == 3);
  CHECK(e.feeders[1].id == "F2");
  CHECK(e.feeders[2].transformer.value == 1);
  REQUIRE(e.connections.size() == 4);
  CHECK(to_string(e.connections[0].mpan) == two);
  CHECK(e.connections[0].quantities == (mask_of(quantity::active_import) | mask_of(quantity::active_export)));
  CHECK(e.connections[0].effective == period_range{});
  CHECK(to_string(e.connections[1].mpan) == three);
  const auto move = static_cast<std::int32_t>(*parse_instant("2026-03-10") / 1800) + 1;
  CHECK(e.connections[1].effective == period_range{period_range{}.first, move});
  CHECK(to_string(e.connections[2].mpan) == one);
  CHECK(e.connections[3].effective.first == move);
  CHECK(e.connections[3].source_name == 1);
  CHECK(e.source_names == std::vector<std::string>{"", "MAC000002"});
}

TEST_CASE("estate: the order of rows and columns, and the dress of the files, leave no trace") {
  const auto plain = parse_estate(good_texts(), "folder");
  REQUIRE(plain);
  estate_texts t;
  t.transformers = "\xEF\xBB\xBFnote,gsp_group,\"transformer_id\",rating_kva,power_factor\r\nx,_C,T1, 315.5 "
                   ",0.950\r\n\r\n,_C,T2,500.000,\r\n";
  t.feeders = "feeder_id,transformer_id,rating_a\nF2,T1,\nF1,T2,400\n\"F1\",T1,";
  t.meters = good_texts().meters;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < t.meters.size();) {
    const std::size_t end = t.meters.find('\n', at);
    lines.push_back(t.meters.substr(at, end - at) + "\n");
    at = end + 1;
  }
  std::reverse(lines.begin() + 1, lines.end());
  t.meters.clear();
  for (const std::string& line : lines)
    t.meters += line;
  t.meters = changed(t.meters, one + ",T2", " \"" + one + "\" , T2 ");
  const auto dressed = parse_estate(t, "folder");
  REQUIRE_MESSAGE(dressed, dressed.failure().message);
  CHECK(same(*plain, *dressed));
}

TEST_CASE("estate: the rating of a feeder is kept to a thousandth of an ampere, where it is given") {
  estate_texts t = good_texts();
  t.feeders = "transformer_id,feeder_id,rating_a\nT1,F1,\nT1,F2,400.125\nT2,F1,0\n";
  const auto parsed = parse_estate(t, "folder");
  REQUIRE(parsed);
  CHECK(parsed->feeders[0].rating_ma == 0);
  CHECK(parsed->feeders[1].rating_ma == 400'125);
  CHECK(parsed->feeders[2].rating_ma == 0); // as if it were not given
  t.feeders = changed(t.feeders, "400.125", "400.1255");
  CHECK(refusal(t).find("feeders.csv:3: rating_a '400.1255' is not a decimal") != std::string::npos);
  t.feeders = changed(t.feeders, "400.1255", "-1");
  CHECK(refusal(t).find("feeders.csv:3: rating_a '-1' is not a decimal") != std::string::npos);
}

TEST_CASE("estate: every fault is refused with its file and line") {
  const estate_texts good = good_texts();
  const auto of_transformers = [&](std::string_view from, std::string_view to) {
    return refusal({changed(good.transformers, from, to), good.feeders, good.meters});
  };
  const auto of_feeders = [&](std::string_view from, std::string_view to) {
    return refusal({good.transformers, changed(good.feeders, from, to), good.meters});
  };
  const auto of_meters = [&](std::string_view from, std::string_view to) {
    return refusal({good.transformers, good.feeders, changed(good.meters, from, to)});
  };
  const auto says = [](const std::string& message, std::string_view place, std::string_view what) {
    const std::string first = message.substr(0, message.find('\n'));
    CHECK_MESSAGE(first.find(std::string(place) + ": ") != std::string::npos, message);
    CHECK_MESSAGE(first.find(what) != std::string::npos, message);
    CHECK_MESSAGE(first.find("mend its 1 fault,") != std::string::npos, message);
  };
  says(of_transformers("500", "0"), "transformers.csv:2", "rating_kva");
  says(of_transformers("500", "-5"), "transformers.csv:2", "rating_kva");
  says(of_transformers("500", "0.0001"), "transformers.csv:2", "rating_kva");
  says(of_transformers("500", "big"), "transformers.csv:2", "rating_kva");
  says(of_transformers("T1,315.5,_C", "T1,315.5,_I"), "transformers.csv:3", "gsp_group");
  says(of_transformers("T1,315.5,_C", "T1,315.5,_C\nT1,1,_C"), "transformers.csv:4", "already in line 3");
  says(of_transformers("T1,315.5,_C", "T1,315.5,_C\n,1,_C"), "transformers.csv:4", "empty");
  says(of_transformers("T1,315.5,_C", "T1,315.5,_C\nT3,1"), "transformers.csv:4", "2 fields");
  says(of_transformers("T1,315.5,_C", "T1,315.5,_C\nT3,\"1,_C"), "transformers.csv:4", "quote");
  says(of_feeders("T2,F1", "T2,F1\nT9,F1"), "feeders.csv:4", "'T9'");
  says(of_feeders("T2,F1", "T2,F1\nT2,F1"), "feeders.csv:4", "already in line 3");
  says(of_feeders("T1,F2", "T1,F2\nT1,"), "feeders.csv:5", "empty");
  const std::string bad_digit = one.substr(0, 12) + (one[12] == '0' ? "1" : "0");
  says(of_meters(one, bad_digit), "meters.csv:2", "check digit");
  says(of_meters(one, "123"), "meters.csv:2", "13 digits");
  says(of_meters(one + ",T2,F1", one + ",T2,F9"), "meters.csv:2", "'F9'");
  says(of_meters(one + ",T2,F1", one + ",T9,F1"), "meters.csv:2", "'T9'");
  says(of_meters("ABCD", "ABC"), "meters.csv:2", "supplier_mpid");
  says(of_meters("S,W,T,E", "X,W,T,E"), "meters.csv:2", "market_segment");
  says(of_meters("S,W,T,E", "S,X,T,E"), "meters.csv:2", "connection_type");
  says(of_meters("S,W,T,E", "S,W,Y,E"), "meters.csv:2", "domestic");
  says(of_meters("S,W,T,E", "S,W,T,"), "meters.csv:2", "energisation");
  says(of_meters("AI|AE", "AI|"), "meters.csv:3", "quantities");
  says(of_meters("AI|AE", "AI|XX"), "meters.csv:3", "'XX'");
  says(of_meters("AI|AE,,,", "AI|AE,,yesterday,"), "meters.csv:3", "effective_from");
  says(of_meters("AI|AE,,,", "AI|AE,,2026-01-02,2026-01-02"), "meters.csv:3", "effective_to");
  says(of_meters("MAC000002,2026-03-10", "MAC000002,2026-03-09T23:30:00Z"), "meters.csv:5", "line 4");
  CHECK(of_meters("AI|AE,,,", "AI|AE,MAC000002,,").find("meters.csv:4: source_id 'MAC000002'") != std::string::npos);
  says(of_meters("AI|AE,,,", "AI|AE," + one + ",,"), "meters.csv:3", "MPAN of another");
  says(of_meters(two, one), "meters.csv:3", "overlaps");
  says(of_meters("mpan,", "meter,"), "meters.csv:1", "'mpan' is missing");
  says(of_meters("mpan,", "mpan,mpan,"), "meters.csv:1", "twice");
}

TEST_CASE("estate: rows in the order of their MPANs, and the first that goes back") {
  estate_texts t = good_texts();
  const std::string header = t.meters.substr(0, t.meters.find('\n') + 1);
  const auto row_of = [](std::uint64_t n, const std::string& name) {
    return mpan_text(n) + ",T1,F1,ABCD,S,W,T,E,AI," + name + ",,\n";
  };
  const auto fault_of = [&t](const std::string& meters) {
    t.meters = meters;
    const auto parsed = parse_estate(t, "estate");
    return parsed ? std::string() : parsed.failure().message;
  };
  const std::string ordered = row_of(200'000'000'001, "") + row_of(200'000'000'002, "") + row_of(200'000'000'005, "");
  CHECK(fault_of(header + ordered).empty());
  CHECK(fault_of(header + ordered + row_of(200'000'000'004, "")).empty());
  CHECK(fault_of(header + ordered + row_of(200'000'000'002, "")).find("overlaps") != std::string::npos);
  CHECK(fault_of(header + ordered + row_of(200'000'000'005, "")).find("overlaps") != std::string::npos);
  CHECK(fault_of(header + ordered + row_of(200'000'000'007, mpan_text(200'000'000'002))).find("MPAN of another")
        != std::string::npos);
  CHECK(fault_of(header + ordered + row_of(200'000'000'007, mpan_text(200'000'000'003))).empty());
}

TEST_CASE("estate: the first twenty of many faults") {
  estate_texts t = good_texts();
  for (std::uint64_t i = 0; i < 30; ++i)
    t.meters += mpan_text(200'000'000'000 + i) + ",T1,F9,ABCD,S,W,T,E,,,,\n";
  const std::string message = refusal(t);
  CHECK(message.find("mend its 30 faults, the first is meters.csv:6:") != std::string::npos);
  CHECK(std::count(message.begin(), message.end(), '\n') == 21);
  CHECK(message.find("\nmeters.csv:25: ") != std::string::npos);
  CHECK(message.find("meters.csv:26: ") == std::string::npos);
  CHECK(message.find("and 10 more") != std::string::npos);
}

TEST_CASE("estate: a broken feeder does not make its meters look broken") {
  estate_texts t = good_texts();
  t.feeders += "T9,F1\n";
  t.meters += mpan_text(200'000'000'000) + ",T9,F1,ABCD,S,W,T,E,,,,\n";
  CHECK(refusal(t).find("mend its 1 fault,") != std::string::npos);
}

TEST_CASE("estate: ranges that touch, and ranges that all overlap") {
  estate_texts t = good_texts();
  const std::string row = mpan_text(200'000'000'000) + ",T1,F1,ABCD,S,W,T,E,,,";
  t.meters += row + "2026-02-01,2026-03-01\n" + row + "2026-01-01,2026-02-01\n" + row + "2026-03-01,\n";
  CHECK(parse_estate(t, "x"));
  t.meters += row + ",\n";
  CHECK(refusal(t).find("mend its 3 faults,") != std::string::npos);
}

TEST_CASE("estate: files that are missing or empty") {
  const temporary_folder folder;
  const auto failure = [&folder] { return read_estate_texts(folder.path()).failure(); };
  folder.write("transformers.csv", good_texts().transformers);
  folder.write("feeders.csv", good_texts().feeders);
  CHECK(failure().message.find("meters.csv' is missing") != std::string::npos);
  folder.write("meters.csv", "");
  CHECK(failure().message.find("is empty") != std::string::npos);
  folder.write("meters.csv", good_texts().meters);
  const auto read = read_estate_texts(folder.path());
  REQUIRE(read);
  CHECK(read->meters == good_texts().meters);
  CHECK(read_estate_texts(folder.path() / "nowhere").failure().code == errc::bad_estate);
  CHECK(read_estate_texts(folder.path() / "meters.csv").failure().message.find("not a folder") != std::string::npos);
}

TEST_CASE("meter index: by MPAN, by name, by time") {
  const auto index = good_index();
  CHECK(index->meter_count() == 3);
  CHECK(!index->find(nobody));
  CHECK(!index->find(""));
  CHECK(!index->find("MAC"));
  const auto first = index->find(one);
  REQUIRE(first);
  CHECK(index->quantities_of(*first) == mask_of(quantity::active_import));
  const auto moved = index->find("MAC000002");
  REQUIRE(moved);
  CHECK(index->find(three) == moved);
  const period before{static_cast<std::int32_t>(*parse_instant("2026-03-10T00:00:00Z") / 1800)};
  CHECK(index->transformer_of(index->connection_at(*moved, before)).value == 0);
  CHECK(index->transformer_of(index->connection_at(*moved, period{before.number + 1})).value == 1);
}

TEST_CASE("meter index: outside all ranges a meter's first connection answers") {
  estate_texts t = good_texts();
  const std::string row = mpan_text(200'000'000'000);
  t.meters +=
    row + ",T2,F1,ABCD,S,W,T,E,,,2026-01-01,2026-02-01\n" + row + ",T1,F1,ABCD,S,W,T,E,,,2026-03-01,2026-04-01\n";
  const auto index = index_of_texts(t);
  const auto meter = index->find(row);
  REQUIRE(meter);
  for (const char* outside : {"2025-01-01", "2026-02-15", "2026-05-01"}) {
    const period p{static_cast<std::int32_t>(*parse_instant(outside) / 1800)};
    CHECK(index->transformer_of(index->connection_at(*meter, p)).value == 1);
  }
}

TEST_CASE("meter index: many meters") {
  estate_texts t = good_texts();
  for (std::uint64_t i = 0; i < 5000; ++i)
    t.meters += mpan_text(300'000'000'000 + i * 7) + ",T1,F1,ABCD,S,W,T,E,,"
                + (i % 3 == 0 ? "name " + std::to_string(i) : "") + ",,\n";
  const auto index = index_of_texts(t);
  CHECK(index->meter_count() == 5003);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const auto meter = index->find(mpan_text(300'000'000'000 + i * 7));
    REQUIRE(meter);
    CHECK(to_string(index->at(index->connection_at(*meter, period{1})).mpan) == mpan_text(300'000'000'000 + i * 7));
    CHECK((index->find("name " + std::to_string(i)) == meter) == (i % 3 == 0));
    CHECK(!index->find(mpan_text(300'000'000'001 + i * 7)));
  }
}

} // namespace
} // namespace gridtwin
