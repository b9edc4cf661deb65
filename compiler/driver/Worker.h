//===- Worker.h - a child process that answers line by line ---------------===//
#ifndef INGOT_COMPILER_DRIVER_WORKER_H
#define INGOT_COMPILER_DRIVER_WORKER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <string>
#include <sys/types.h>

namespace ingot {

/// Owns the process: it is told to end, by the end of its input, and waited for when the object goes.
class Worker {
public:
  /// A copy of this process, whose only thread runs `answer` for each line that it gets.
  static llvm::Expected<Worker> fork(llvm::function_ref<std::string(llvm::StringRef)> answer);
  /// A program, which has the conversation as its stdin and stdout; its stderr goes to the file `log`.
  static llvm::Expected<Worker> start(const std::string &program, llvm::ArrayRef<std::string> arguments, const std::string &log);

  Worker(Worker &&other);
  Worker &operator=(Worker &&other);
  ~Worker();

  /// Sends a line, without its end.
  llvm::Error send(llvm::StringRef line);
  /// The next line, without its end. An error where the process has ended; exitCode() then says how.
  llvm::Expected<std::string> receive();
  /// Waits for the process to end; -1 where a signal ended it.
  int exitCode();

private:
  Worker(pid_t process, int channel) : process(process), channel(channel) {}

  pid_t process;
  int channel;
  std::string received; ///< not yet a whole line
  int code = -1;
};

} // namespace ingot

#endif
