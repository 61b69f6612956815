#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace CLI {
class App;
}

namespace rocketmq::mqstore {

/// How a command ended; a failed Status is kCannotRead.
enum class Outcome : int {
  kClean = 0,
  kFaults = 1,      ///< It did its work and found the store not to be what it must be.
  kCannotRead = 2,  ///< It could not do its work.
};

/// One sub-command.
class Command {
 public:
  virtual ~Command() = default;

  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  /// Adds its arguments; parsed values are kept in the command.
  virtual void addOptions(CLI::App& app) = 0;
  /// Does the work and prints the result to standard output. The status's message says what to do.
  virtual Result<Outcome> run() = 0;
};

std::unique_ptr<Command> makeInspect();
std::unique_ptr<Command> makeVerify();
std::unique_ptr<Command> makeDump();
std::unique_ptr<Command> makeRebuild();
std::unique_ptr<Command> makeSalvage();
std::unique_ptr<Command> makeCompare();

}  // namespace rocketmq::mqstore
