#pragma once

#include <string>

#include "assay/report/number.hpp"

namespace assay::report {

/// Every number that a person reads goes through here. Undefined reads "—"; minus is "-", so that
/// a number can be copied; a rounded zero has no sign. There is never "nan", "inf" or "-0".

/// A number in a style, with its unit.
std::string format_number(const Number& number, const NumberFormat& format = {});

/// `digits` significant digits without trailing exponent noise: 31.4159 -> "31.42",
/// 1234567 -> "1,234,567", 0.0000123 -> "1.23e-05" (below 1e-4 and from 1e15 on).
std::string format_significant(double value, int digits = 4);

/// 0.4184 -> "41.8 %", 0.00123 -> "0.123 %": three significant digits, at most four decimals.
std::string format_percent(double share);

/// 0.009 -> "+0.90 %": with its sign; two decimals, fewer from 10 % on, more below 0.1 %.
std::string format_relative(double change);

/// 0.0036 -> "+0.36 pp".
std::string format_points(double difference);

/// "0.76", "0.031", "0.0005", "< 0.0001"; next to 0.05 four decimals ("0.0499").
std::string format_p_value(double p);

/// Both ends with the same decimals, the unit once: "[-0.01, 0.73] %".
/// An undefined end reads "—".
std::string format_interval(const Number& low, const Number& high, const NumberFormat& format = {});

/// An estimate written with the decimals of its interval when it is a change or a share, so that
/// 0.0003 in [-0.0062, 0.0068] reads "+0.03 %". Without an interval the same as format_number.
std::string format_estimate(const Number& estimate, const Number& low, const Number& high,
                            const NumberFormat& format = {});

/// 12345678 -> "12,345,678".
std::string format_count(double count);

/// 0.95 -> "95 %".
std::string format_level(double confidence_level);

}  // namespace assay::report
