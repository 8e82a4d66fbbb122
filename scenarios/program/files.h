// Files of the program: scenarios that people name, and files that it writes.
//
// A scenario is named by its path or by its name in the library. A regular file is written under a temporary name and
// renamed, so a reader sees the old one or the new one, whatever kills the program. A symbolic link stays, and what it
// points to is written; a device, FIFO or open descriptor (/dev/null, >(...)) is written through and never replaced.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

const std::filesystem::path& library_folder();
// The scenario files of the library, by name.
std::vector<std::filesystem::path> library();
// The folder of the catalogue's entries, for `ktrial power`.
const std::filesystem::path& catalogue_folder();
std::vector<std::filesystem::path> scenarios_in(const std::filesystem::path& folder);  // by name
// The file that `name` means: itself if it exists, else the library's scenario of that name, else itself.
std::string scenario_file(const std::string& name);

// Reads a scenario, or says on standard error what is wrong with it and where.
std::optional<Scenario> load(const std::string& name);
// The text of a file; nothing if it cannot be read, with the reason in `why`.
std::optional<std::string> read_file(const std::string& path, std::string& why);

// Writes a file ("-": standard output), or says on standard error why it cannot.
bool write_file(const std::string& path, const std::string& text);
// Whether write_file will be able to; asked before a long search, not after it. can_write() says why not.
bool can_write(const std::string& path);
// The same of all outputs of a command (empty: none), none of which may be a file that it reads.
bool can_write_all(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs);
bool is_writable(const std::string& path);
// A regular file, or nothing yet; no device, FIFO or standard output.
bool is_file(const std::string& path);

}  // namespace ktrial::scenarios
