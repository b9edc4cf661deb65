//===- Report.cpp - what the user sees on stderr --------------------------===//
#include "compiler/driver/Report.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace ingot;
using llvm::StringRef;

/// Error text on one line, with control characters taken out: names in a
/// model file may hold anything, and a terminal obeys escape sequences.
static std::string oneLine(StringRef text) {
  std::string line;
  for (unsigned char c : text.trim()) {
    bool space = c == '\n' || c == '\t' || c == '\r';
    if (space && !line.empty() && line.back() == ' ')
      continue;
    line += space ? ' ' : c < 32 || c == 127 ? '?' : char(c);
  }
  return line;
}

int ingot::fail(const llvm::Twine &message) {
  std::string text = oneLine(message.str());
  llvm::raw_ostream &err = llvm::errs();
  if (!llvm::sys::Process::StandardErrHasColors()) {
    err << text << '\n';
    return 1;
  }
  size_t end = text.find(": ");
  StringRef head = StringRef(text).take_front(end == text.npos ? 0 : end + 1);
  err << "\x1b[1;31m" << head << "\x1b[0m"
      << StringRef(text).drop_front(head.size()) << '\n';
  return 1;
}

int ingot::fail(llvm::Error error) {
  return fail(llvm::Twine(llvm::toString(std::move(error))));
}

void ingot::note(const llvm::Twine &message) { llvm::errs() << oneLine(message.str()) << '\n'; }

std::string ingot::nodeText(mlir::Location location) {
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(location)) {
    for (mlir::Location part : fused.getLocations())
      if (std::string text = nodeText(part); !text.empty())
        return text;
    return {};
  }
  if (auto call = llvm::dyn_cast<mlir::CallSiteLoc>(location))
    return nodeText(call.getCallee());
  auto node = llvm::dyn_cast<mlir::NameLoc>(location);
  if (!node)
    return {};
  std::string text = "node '" + node.getName().str() + "'";
  if (auto op = llvm::dyn_cast<mlir::NameLoc>(node.getChildLoc()))
    text += " (" + op.getName().str() + ")";
  return text;
}

/// `'onnx.Conv' op says` becomes `says`: the node's name and type are said before it.
static StringRef withoutOpPrefix(StringRef message) {
  if (!message.starts_with("'"))
    return message;
  size_t end = message.find("' op ");
  return end == StringRef::npos ? message : message.drop_front(end + 5);
}

ErrorCollector::ErrorCollector(mlir::MLIRContext &context, StringRef file)
    : file(file), handler(&context, [this](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
          return mlir::success();
        std::string line = this->file + ": ";
        std::string message = diagnostic.str();
        std::string node = nodeText(diagnostic.getLocation());
        // Some stages name the node in the text.
        if (!node.empty() && !StringRef(message).starts_with("node '"))
          line += node + ": ";
        line = oneLine(line + withoutOpPrefix(message).str());
        if (!llvm::is_contained(lines, line))
          lines.push_back(line);
        return mlir::success();
      }) {
  context.printOpOnDiagnostic(false);
}

int ErrorCollector::failWithFirst(const llvm::Twine &doing) const {
  if (lines.empty())
    return fail(file + ": " + doing + " failed");
  return fail(llvm::Twine(lines.front()));
}

Progress::Progress(bool show)
    : visible(show && llvm::sys::Process::StandardErrIsDisplayed()) {}

void Progress::show(const llvm::Twine &doing) {
  if (visible)
    llvm::errs() << "\r\x1b[K" << doing;
}

void Progress::clear() {
  if (visible)
    llvm::errs() << "\r\x1b[K";
}

Progress::~Progress() { clear(); }
