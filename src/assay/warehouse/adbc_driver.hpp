#pragma once

#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/warehouse/url.hpp"

struct AdbcDriver;

/// ADBC drivers: shared libraries that speak to an engine, loaded when they are needed.
/// Source: https://arrow.apache.org/adbc/ (adbc.h 1.1.0).
namespace assay::warehouse {

/// Where a driver of this scheme is looked for, in order:
///   1. the file that the URL's option `driver` names;
///   2. the file that the environment's ASSAY_ADBC_<SCHEME> names (ASSAY_ADBC_SPARK, ...);
///   3. libadbc_driver_<scheme>.so in the folders of ASSAY_ADBC_PATH (parted by colons), then in
///      /usr/local/lib and /usr/lib.
/// Nothing is loaded from the working folder unless it is named: a library runs code.
std::vector<std::string> driver_candidates(const EngineUrl& url);

/// Loads the driver for a URL, once in a process; it stays loaded until the end (drivers bring
/// runtimes of their own that cannot be taken out). Entry point: the URL's option `entry`, else
/// AdbcDriverInit, else the names that drivers of this scheme are known to use.
/// Fails with unavailable (no driver found, with the places looked at; no shared library; no entry
/// point; the driver does not start).
Result<AdbcDriver*> load_driver(const EngineUrl& url);

}  // namespace assay::warehouse
