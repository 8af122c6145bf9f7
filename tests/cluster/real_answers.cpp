#include "real_answers.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <chrono>

#include "assay/engine/database.hpp"
#include "same_answers.hpp"

namespace assay::cluster {
namespace {

using distributed::DistributedEngine;

template <class Query, class Ask>
void agree(const char* name, differential::Pair& near, DistributedEngine& far, const Query& query,
           const Ask& ask) {
  SCOPED_TRACE(name);
  const std::size_t asked_before = far.asked().size();
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = ask(far, query);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  {
    SCOPED_TRACE("index");
    EXPECT_EQ(differential::compare(ask(*near.index, query), answer), 1) << "says nothing";
  }
  {
    SCOPED_TRACE("twin");
    differential::compare(ask(*near.sql, query), answer);
  }
  if (far.asked().size() == asked_before) return;
  const warehouse::Cost& cost = far.asked().back().cost;
  fmt::print("  {:14} {:6.2f} s, {:>9} rows and {:>9} bytes read, {:>7} bytes returned\n", name,
             took.count(), cost.rows_read.value_or(-1), cost.bytes_read.value_or(-1),
             cost.bytes_returned);
  if (testing::Test::HasFailure()) ADD_FAILURE() << far.asked().back().statement;
}

}  // namespace

void expect_equal_answers(const Questions& of, differential::Pair& near, DistributedEngine& far) {
  agree("active users", near, far, of.active_users,
        [](auto& at, const auto& query) { return at.active_users(query); });
  agree("retention", near, far, of.retention,
        [](auto& at, const auto& query) { return at.retention(query); });
  agree("funnel", near, far, of.funnel,
        [](auto& at, const auto& query) { return at.funnel(query); });
  agree("sessions", near, far, of.sessions,
        [](auto& at, const auto& query) { return at.sessions(query); });
  agree("unit totals", near, far, of.totals,
        [](auto& at, const auto& query) { return at.unit_totals(query); });
  agree("series", near, far, of.series,
        [](auto& at, const auto& query) { return at.series(query); });
}

Result<void> write_log(const RealLog& log, const std::filesystem::path& parquet) {
  ASSAY_TRY(auto database, engine::Database::open({.threads = 1}));
  const std::string select =
      fmt::format(fmt::runtime(log.select), engine::quote_text((real_data() / log.file).string()));
  return database.execute(fmt::format("COPY ({}) TO {} (FORMAT parquet)", select,
                                      engine::quote_text(parquet.string())));
}

}  // namespace assay::cluster
