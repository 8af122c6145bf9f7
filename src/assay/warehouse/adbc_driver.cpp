#include "assay/warehouse/adbc_driver.hpp"

#include <dlfcn.h>
#include <duckdb/common/adbc/adbc.h>
#include <fmt/core.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "assay/base/text.hpp"

namespace assay::warehouse {
namespace {

namespace fs = std::filesystem;

std::string option(const EngineUrl& url, const std::string& name) {
  const auto found = url.options.find(name);
  return found == url.options.end() ? std::string() : found->second;
}

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): never set here
  return value == nullptr ? std::string() : std::string(value);
}

std::string variable_of(const std::string& scheme) {
  std::string name = "ASSAY_ADBC_";
  for (const char c : scheme) {
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// How to get the driver of a scheme, where that is known.
std::string advice(const std::string& scheme) {
  return fmt::format(
      "install the driver (pip install adbc-driver-{0} brings libadbc_driver_{0}.so) and name the "
      "file: {1}=/path, or driver=/path in the URL",
      scheme, variable_of(scheme));
}

std::vector<std::string> entry_names(const EngineUrl& url) {
  if (const std::string named = option(url, "entry"); !named.empty()) return {named};
  std::string title = url.scheme;
  if (!title.empty()) {
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  }
  return {"AdbcDriverInit", fmt::format("AdbcDriver{}Init", title),
          fmt::format("{}_adbc_init", url.scheme)};
}

/// A driver that was loaded. The struct is handed to the driver's own functions, so it never moves.
struct Loaded {
  AdbcDriver driver{};
};

Result<AdbcDriver*> start(void* library, const EngineUrl& url, const std::string& file) {
  const std::vector<std::string> names = entry_names(url);
  void* entry = nullptr;
  for (const std::string& name : names) {
    entry = ::dlsym(library, name.c_str());
    if (entry != nullptr) break;
  }
  if (entry == nullptr) {
    return fail(ErrorCode::unavailable, "the library has no entry point of an ADBC driver", file,
                "name the file of a driver, or its entry point: entry=NAME in the URL",
                "looked for " + list_text(names));
  }
  const auto init = reinterpret_cast<AdbcDriverInitFunc>(entry);
  for (const int version : {ADBC_VERSION_1_1_0, ADBC_VERSION_1_0_0}) {
    auto loaded = std::make_unique<Loaded>();
    AdbcError error{};
    const AdbcStatusCode status = init(version, &loaded->driver, &error);
    const std::string said = error.message == nullptr ? "" : error.message;
    if (error.release != nullptr) error.release(&error);
    // Never freed: the driver's threads may use it until the process ends.
    if (status == ADBC_STATUS_OK) return &loaded.release()->driver;
    if (version == ADBC_VERSION_1_0_0) {
      return fail(ErrorCode::unavailable, "the ADBC driver does not start", file,
                  "use a driver for ADBC 1.0 or 1.1", said);
    }
  }
  return fail(ErrorCode::internal, "no version of ADBC was tried", file);
}

Result<AdbcDriver*> load_file(const EngineUrl& url, const std::string& file) {
  static std::mutex mutex;
  // Never destroyed, so that the drivers in it stay within reach to the end of the process.
  static auto& drivers = *new std::map<std::string, AdbcDriver*>();
  const std::lock_guard lock(mutex);
  const std::string key = file + "\n" + option(url, "entry");
  if (const auto found = drivers.find(key); found != drivers.end()) return found->second;
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* said = ::dlerror();
    return fail(ErrorCode::unavailable, "the ADBC driver is no library that loads", file,
                "check the file, its machine and the libraries it needs",
                said == nullptr ? "" : said);
  }
  ASSAY_TRY(AdbcDriver * driver, start(library, url, file));
  drivers.emplace(key, driver);
  return driver;
}

}  // namespace

std::vector<std::string> driver_candidates(const EngineUrl& url) {
  std::vector<std::string> files;
  if (const std::string named = option(url, "driver"); !named.empty()) return {named};
  if (const std::string named = environment(variable_of(url.scheme)); !named.empty()) {
    return {named};
  }
  const std::string file = fmt::format("libadbc_driver_{}.so", url.scheme);
  std::string folders = environment("ASSAY_ADBC_PATH");
  folders += ":/usr/local/lib:/usr/lib";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string folder = folders.substr(begin, end - begin);
    if (!folder.empty()) files.push_back((fs::path(folder) / file).string());
    begin = end + 1;
  }
  return files;
}

Result<AdbcDriver*> load_driver(const EngineUrl& url) {
  const std::vector<std::string> candidates = driver_candidates(url);
  for (const std::string& file : candidates) {
    if (!is_file(file)) continue;
    // An absolute path: dlopen searches its own list for a bare name.
    std::error_code failed;
    const fs::path whole = fs::absolute(file, failed);
    return load_file(url, failed ? file : whole.string());
  }
  return fail(ErrorCode::unavailable, fmt::format("there is no ADBC driver for {}", url.scheme),
              url.text, advice(url.scheme), "looked for " + list_text(candidates));
}

}  // namespace assay::warehouse
