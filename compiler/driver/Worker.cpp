//===- Worker.cpp - a child process that answers line by line -------------===//
#include "compiler/driver/Worker.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace ingot;
using llvm::StringRef;

static llvm::Error systemError(const char *what) { return llvm::createStringError(std::string(what) + ": " + std::strerror(errno)); }

/// False where the other end is gone.
static bool sendAll(int channel, StringRef text) {
  while (!text.empty()) {
    ssize_t sent = ::send(channel, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return false;
    text = text.drop_front(sent);
  }
  return true;
}

/// The next line of a channel into `line`; false at its end.
static bool readLine(int channel, std::string &received, std::string &line) {
  size_t end;
  while ((end = received.find('\n')) == std::string::npos) {
    char block[4096];
    ssize_t count = ::read(channel, block, sizeof block);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    received.append(block, count);
  }
  line = received.substr(0, end);
  received.erase(0, end + 1);
  return true;
}

/// Both ends of a conversation; a program that is started inherits neither.
static bool makeChannel(int (&ends)[2]) { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0; }

llvm::Expected<Worker> Worker::fork(llvm::function_ref<std::string(StringRef)> answer) {
  int ends[2];
  if (!makeChannel(ends))
    return systemError("socketpair");
  pid_t process = ::fork();
  if (process < 0) {
    llvm::Error error = systemError("fork");
    ::close(ends[0]);
    ::close(ends[1]);
    return error;
  }
  if (process == 0) {
    ::close(ends[0]);
    std::string received, line;
    while (readLine(ends[1], received, line))
      if (!sendAll(ends[1], answer(line) + "\n"))
        break;
    // The parent's streams, temporary files and handlers are the parent's.
    ::_exit(0);
  }
  ::close(ends[1]);
  return Worker(process, ends[0]);
}

llvm::Expected<Worker> Worker::start(const std::string &program, llvm::ArrayRef<std::string> arguments, const std::string &log) {
  int ends[2];
  if (!makeChannel(ends))
    return systemError("socketpair");
  int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::vector<char *> words{const_cast<char *>(program.c_str())};
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  pid_t process = errors < 0 ? -1 : ::fork();
  if (process == 0) {
    // A copy made by dup2 stays open in the program.
    if (::dup2(ends[1], 0) == 0 && ::dup2(ends[1], 1) == 1 && ::dup2(errors, 2) == 2)
      ::execv(program.c_str(), words.data());
    ::_exit(127);
  }
  llvm::Error error = process < 0 ? systemError(program.c_str()) : llvm::Error::success();
  if (errors >= 0)
    ::close(errors);
  ::close(ends[1]);
  if (!error)
    return Worker(process, ends[0]);
  ::close(ends[0]);
  return error;
}

Worker::Worker(Worker &&other)
    : process(std::exchange(other.process, -1)), channel(std::exchange(other.channel, -1)), received(std::move(other.received)),
      code(other.code) {}

Worker &Worker::operator=(Worker &&other) {
  std::swap(process, other.process);
  std::swap(channel, other.channel);
  std::swap(received, other.received);
  std::swap(code, other.code);
  return *this;
}

Worker::~Worker() { exitCode(); }

int Worker::exitCode() {
  if (channel >= 0)
    ::close(std::exchange(channel, -1));
  if (process > 0) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR)
      ;
    process = -1;
    code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  return code;
}

llvm::Error Worker::send(StringRef line) {
  if (!sendAll(channel, line.str() + "\n"))
    return llvm::createStringError("the process has ended");
  return llvm::Error::success();
}

llvm::Expected<std::string> Worker::receive() {
  std::string line;
  if (!readLine(channel, received, line))
    return llvm::createStringError("the process has ended");
  return line;
}
