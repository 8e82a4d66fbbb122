#include "scenarios/program/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
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

// Where the bytes for a path go.
struct Destination {
  enum class Kind : std::uint8_t {
    file,        // a regular file, or none yet: written beside `path` and renamed
    stream,      // a device, FIFO or socket: written through, never replaced
    descriptor,  // what this process has open as its output already, by another name (/dev/stdout)
  } kind = Kind::file;
  std::string path;  // links followed
  int descriptor = -1;
};

// A symbolic link stands for what it points to, also where that is not there yet.
std::string without_links(std::string path) {
  constexpr int kMostLinks = 40;
  std::error_code error;
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(path, error); ++i) {
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = (std::filesystem::path(path).parent_path() / target).string();
  }
  return path;
}

Destination destination_of(const std::string& path) {
  if (path == "-") return {Destination::Kind::descriptor, path, STDOUT_FILENO};
  struct stat there {};
  if (stat(path.c_str(), &there) != 0) return {Destination::Kind::file, without_links(path)};
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open_as {};
    if (fstat(descriptor, &open_as) == 0 && open_as.st_dev == there.st_dev && open_as.st_ino == there.st_ino)
      return {Destination::Kind::descriptor, path, descriptor};
  }
  if (!S_ISREG(there.st_mode)) return {Destination::Kind::stream, path};
  return {Destination::Kind::file, without_links(path)};
}

int why_not_writable(const std::string& path) {
  const Destination to = destination_of(path);
  std::error_code error;
  if (std::filesystem::is_directory(to.path, error)) return EISDIR;
  if (to.kind == Destination::Kind::descriptor) return 0;
  if (to.kind == Destination::Kind::stream) return access(to.path.c_str(), W_OK) == 0 ? 0 : errno;
  const std::string temporary = temporary_name(to.path);
  std::FILE* out = std::fopen(temporary.c_str(), "wb");
  if (!out) return errno;
  std::fclose(out);
  std::remove(temporary.c_str());
  return 0;
}

// 0, or the error.
int write_whole(std::FILE* out, const std::string& text) {
  if (!out) return errno;
  errno = 0;
  bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  written = (out == stdout || out == stderr ? std::fflush(out) : std::fclose(out)) == 0 && written;
  return written ? 0 : errno != 0 ? errno : EIO;
}

int write_to(const Destination& to, const std::string& text) {
  switch (to.kind) {
    case Destination::Kind::descriptor:
      return write_whole(to.descriptor == STDOUT_FILENO ? stdout : stderr, text);
    case Destination::Kind::stream: {
      // Not created: it was there, and must not become a file if it has gone since.
      const int descriptor = open(to.path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
      return descriptor < 0 ? errno : write_whole(fdopen(descriptor, "wb"), text);
    }
    case Destination::Kind::file:
      break;
  }
  const std::string temporary = temporary_name(to.path);
  int error = write_whole(std::fopen(temporary.c_str(), "wb"), text);
  if (error == 0 && std::rename(temporary.c_str(), to.path.c_str()) != 0) error = errno;
  if (error != 0) std::remove(temporary.c_str());
  return error;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (std::filesystem::equivalent(a, b, error)) return std::filesystem::is_regular_file(a, error);
  return std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error) &&
         !std::filesystem::exists(a, error);
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
  const int error = write_to(destination_of(path), text);
  if (error != 0) cannot_write(path, error);
  return error == 0;
}

bool can_write_all(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs) {
  for (const std::string& output : outputs) {
    if (output.empty() || output == "-") continue;
    for (const std::string& input : inputs)
      if (same_file(output, input)) {
        fmt::print(stderr, "ktrial: {} is an input of this command and is not overwritten\n", output);
        return false;
      }
    if (!can_write(output)) return false;
  }
  return true;
}

bool can_write(const std::string& path) {
  const int error = why_not_writable(path);
  if (error != 0) cannot_write(path, error);
  return error == 0;
}

bool is_file(const std::string& path) { return destination_of(path).kind == Destination::Kind::file; }

bool is_writable(const std::string& path) { return why_not_writable(path) == 0; }

}  // namespace ktrial::scenarios
