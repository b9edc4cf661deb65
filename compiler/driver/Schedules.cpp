//===- Schedules.cpp ------------------------------------------------------===//
#include "compiler/driver/Schedules.h"
#include "compiler/driver/Files.h"
#include "compiler/schedule/Schedule.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace ingot;

constexpr int64_t kVersion = 1;

llvm::Expected<TunedKernels> ingot::readSchedules(const std::string &path, mlir::MLIRContext &context) {
  auto error = [&](const llvm::Twine &text) { return llvm::createStringError(path + ": " + text); };
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return error(buffer.getError().message());
  llvm::Expected<llvm::json::Value> json = llvm::json::parse((*buffer)->getBuffer());
  if (!json)
    return error("is no JSON: " + llvm::toString(json.takeError()));
  const llvm::json::Object *root = json->getAsObject();
  const llvm::json::Object *kernels = root && root->getInteger("version") == kVersion ? root->getObject("kernels") : nullptr;
  if (!kernels)
    return error("is no file of schedules that `ingot tune` of this version wrote");
  TunedKernels result;
  for (const auto &[key, value] : *kernels) {
    const llvm::json::Object *fields = value.getAsObject();
    std::optional<llvm::StringRef> text = fields ? fields->getString("schedule") : std::nullopt;
    // What the parser has to say would come without the file's name.
    mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) { return mlir::success(); });
    auto schedule = text ? llvm::dyn_cast_or_null<mlir::DictionaryAttr>(mlir::parseAttribute(*text, &context)) : mlir::DictionaryAttr();
    if (!schedule)
      return error("the kernel '" + llvm::StringRef(key) + "' has no schedule that can be read");
    TunedKernel &kernel = result[key.str()];
    kernel.name = fields->getString("name").value_or("").str();
    kernel.target = fields->getString("target").value_or("").str();
    kernel.schedule = schedule;
    kernel.milliseconds = fields->getNumber("ms").value_or(0);
    kernel.modelMilliseconds = fields->getNumber("model_ms").value_or(0);
    kernel.tried = fields->getInteger("tried").value_or(0);
    kernel.steps = fields->getInteger("steps").value_or(0);
  }
  return result;
}

int64_t TunedKernel::threads() const {
  auto threads = schedule.getAs<mlir::IntegerAttr>(kScheduleThreads);
  return threads ? threads.getInt() : 1;
}

llvm::Error ingot::writeSchedules(const std::string &path, const TunedKernels &kernels) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attribute("version", kVersion);
    json.attributeObject("kernels", [&] {
      for (const auto &[key, kernel] : kernels)
        json.attributeObject(key, [&] {
          std::string schedule;
          llvm::raw_string_ostream(schedule) << kernel.schedule;
          json.attribute("name", kernel.name);
          json.attribute("target", kernel.target);
          json.attribute("schedule", schedule);
          for (auto [name, time] : {std::pair("ms", kernel.milliseconds), std::pair("model_ms", kernel.modelMilliseconds)}) {
            json.attributeBegin(name);
            json.rawValue([time = time](llvm::raw_ostream &os) { os << llvm::format("%.3g", time); });
            json.attributeEnd();
          }
          json.attribute("tried", kernel.tried);
          json.attribute("steps", kernel.steps);
        });
    });
  });
  os << '\n';
  return writeFile(path, text);
}

mlir::DictionaryAttr ingot::toAttr(const TunedKernels &kernels, mlir::MLIRContext &context) {
  mlir::Builder builder(&context);
  llvm::SmallVector<mlir::NamedAttribute> fields;
  for (const auto &[key, kernel] : kernels)
    fields.push_back(builder.getNamedAttr(key, kernel.schedule));
  return builder.getDictionaryAttr(fields);
}
