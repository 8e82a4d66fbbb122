#include "scenarios/program/files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace {

std::string temporary_name(const std::string& path) { return fmt::format("{}.{}.tmp", path, getpid()); }

void cannot_write(const std::string& path, int error) {
  fmt::print(stderr, "ktrial: cannot write {}: {}\n", path, std::strerror(error));
}

int why_not_writable(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return EISDIR;
  const std::string temporary = temporary_name(path);
  std::FILE* out = std::fopen(temporary.c_str(), "wb");
  if (!out) return errno;
  std::fclose(out);
  std::remove(temporary.c_str());
  return 0;
}

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  for (const auto& folder : {library_folder(), catalogue_folder()})
    for (const auto& file : scenarios_in(folder)) names.push_back(file.stem().string());
  return names;
}

}  // namespace

const std::filesystem::path& library_folder() {
  static const std::filesystem::path folder = std::filesystem::path(KTRIAL_SOURCE_DIR) / "scenarios" / "library";
  return folder;
}

const std::filesystem::path& catalogue_folder() {
  static const std::filesystem::path folder = std::filesystem::path(KTRIAL_SOURCE_DIR) / "scenarios" / "catalogue";
  return folder;
}

std::vector<std::filesystem::path> library() { return scenarios_in(library_folder()); }

std::vector<std::filesystem::path> scenarios_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string scenario_file(const std::string& name) {
  std::error_code error;
  if (std::filesystem::exists(name, error) || name.find('/') != std::string::npos) return name;
  for (const auto& folder : {library_folder(), catalogue_folder()})
    for (const char* end : {"", ".yaml"})
      if (const auto file = folder / (name + end); file.extension() == ".yaml" && std::filesystem::exists(file, error))
        return file.string();
  return name;
}

std::optional<std::string> read_file(const std::string& path, std::string& why) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    why = "is a directory";
    return std::nullopt;
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.bad()) {
    why = std::strerror(errno != 0 ? errno : EIO);
    return std::nullopt;
  }
  return text.str();
}

std::optional<Scenario> load(const std::string& name) {
  const std::string file = scenario_file(name);
  std::string why;
  const auto text = read_file(file, why);
  if (!text) {
    const std::string hint = nearest(name, library_names());
    fmt::print(stderr, "{}: error: cannot read it: {}{}\n", file, why,
               hint.empty() ? "" : fmt::format("; did you mean '{}' of the library?", hint));
    return std::nullopt;
  }
  KnownNames known{properties::all_property_names(), known_goals()};
  std::vector<Diagnostic> warnings;
  auto scenario = read_scenario(*text, file, known, &warnings);
  for (const Diagnostic& warning : warnings)
    fmt::print(stderr, "{}:{}:{}: warning: {}\n", warning.file, warning.line, warning.column, warning.message);
  if (scenario) return std::move(*scenario);
  for (const Diagnostic& error : scenario.error()) fmt::print(stderr, "{}\n", to_string(error));
  return std::nullopt;
}

bool write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0;
  }
  const std::string temporary = temporary_name(path);
  std::FILE* out = std::fopen(temporary.c_str(), "wb");
  if (!out) return cannot_write(path, errno), false;
  errno = 0;
  bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  written = std::fclose(out) == 0 && written;
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0) return true;
  cannot_write(path, errno != 0 ? errno : EIO);
  std::remove(temporary.c_str());
  return false;
}

bool can_write(const std::string& path) {
  const int error = why_not_writable(path);
  if (error != 0) cannot_write(path, error);
  return error == 0;
}

bool is_writable(const std::string& path) { return why_not_writable(path) == 0; }

}  // namespace ktrial::scenarios
