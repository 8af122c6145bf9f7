#pragma once

#include <memory>
#include <string>
#include <vector>

#include "assay/frame/table.hpp"
#include "assay/warehouse/connection.hpp"

/// For tests on a real Trino: what `tools/cluster/trino.sh env` names.
namespace assay::cluster {

/// An environment variable; empty when it is not set.
std::string variable(const char* name);

/// The URL in ASSAY_TRINO with another user and these options.
std::string trino_url(const std::string& options = {}, const std::string& user = "assay");

/// A line; an exception, which fails the test, when there is none.
std::unique_ptr<warehouse::Connection> open_line(const std::string& url);

/// The answer, or a failed test.
warehouse::Answer ask(warehouse::Connection& line, const std::string& statement);

/// The failure, or a failed test.
Error refusal(warehouse::Connection& line, const std::string& statement);

/// The one whole number that a statement gives.
std::int64_t number(warehouse::Connection& line, const std::string& statement);

/// Makes the table `numbers` (n from 0 to 999,999, k = n % 5000) unless it is there.
void make_numbers(warehouse::Connection& line);

/// A join of 200 million rows over `numbers`; its answer is kSlowRows and slow_sum().
extern const char* const kSlowStatement;
inline constexpr std::int64_t kSlowRows = 200'000'000;
std::int64_t slow_sum();

/// How many slow statements the cluster runs; waits up to ten seconds for none.
std::int64_t slow_statements_running(warehouse::Connection& line);

/// The process of a node by its name ("worker1", "coordinator"); 0 when there is none.
int process_of(const std::string& node);

}  // namespace assay::cluster
