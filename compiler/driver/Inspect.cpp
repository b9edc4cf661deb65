//===- Inspect.cpp - ingot inspect ----------------------------------------===//
#include "compiler/driver/Commands.h"
#include "codegen/cpp/WeightData.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Tensor.h"
#include "compiler/driver/KernelCount.h"
#include "compiler/import/Functions.h"
#include "compiler/kernels/DataSizes.h"
#include "compiler/lower/Supported.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace ingot;

namespace {

/// Rows of text in columns as wide as their widest cell; numbers are flush right.
class Table {
public:
  void row(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }
  void print(llvm::raw_ostream &out) const {
    std::vector<size_t> widths;
    for (const auto &cells : rows) {
      widths.resize(std::max(widths.size(), cells.size()));
      for (size_t i = 0; i != cells.size(); ++i)
        widths[i] = std::max(widths[i], cells[i].size());
    }
    for (const auto &cells : rows) {
      std::string line = " ";
      for (size_t i = 0; i != cells.size(); ++i) {
        std::string gap(widths[i] - cells[i].size(), ' ');
        line += ' ' + (isNumber(cells[i]) && i > 0 ? gap + cells[i] : cells[i] + gap) + ' ';
      }
      out << llvm::StringRef(line).rtrim() << '\n';
    }
  }

private:
  /// A quantity, and no shape.
  static bool isNumber(llvm::StringRef cell) {
    return !cell.empty() && llvm::isDigit(cell[0]) && !cell.contains('x');
  }
  std::vector<std::vector<std::string>> rows;
};

struct Work {
  int64_t macs = 0;
  /// Scalar operations, transcendental functions counted as several; a measure of time, not of anything exact.
  double cost = 0;
};

} // namespace

static std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = int64_t(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, " ");
  return digits;
}

static std::string percent(double part, double whole) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f %%", whole > 0 ? 100 * part / whole : 0.0);
  return text;
}

/// A scalar operation's weight; exp and its like are polynomials of about ten steps.
static double weight(mlir::Operation &op) {
  if (llvm::isa<mlir::math::AbsFOp, mlir::math::FloorOp, mlir::math::CeilOp, mlir::math::FmaOp>(op))
    return 1;
  if (llvm::isa<mlir::math::MathDialect>(op.getDialect()))
    return 12;
  if (llvm::isa<mlir::arith::DivFOp>(op) || llvm::isa<mlir::math::SqrtOp>(op))
    return 4;
  return llvm::isa<mlir::arith::ArithDialect>(op.getDialect()) && !llvm::isa<mlir::arith::ConstantOp>(op) ? 1 : 0;
}

static Work workOf(mlir::linalg::GenericOp generic) {
  Work work;
  double points = 1;
  for (int64_t range : generic.getStaticLoopRanges())
    points *= mlir::ShapedType::isDynamic(range) ? 1 : double(range);
  bool multiplies = false, reduces = generic.getNumReductionLoops() > 0;
  double perPoint = 0;
  for (mlir::Operation &op : generic.getBody()->without_terminator()) {
    multiplies |= llvm::isa<mlir::arith::MulFOp, mlir::arith::MulIOp>(op);
    perPoint += weight(op);
  }
  if (reduces && multiplies) {
    work.macs = points < 9e18 ? int64_t(points) : 0;
    perPoint = std::max(perPoint - 1, 1.0);
  }
  // A point that only moves data costs about a load and a store.
  work.cost = points * std::max(perPoint, 1.0);
  return work;
}

static Work workOf(mlir::Operation *op) {
  Work work;
  op->walk([&](mlir::linalg::GenericOp generic) {
    Work one = workOf(generic);
    work.macs += one.macs;
    work.cost += one.cost;
  });
  return work;
}

static int64_t bytesOf(mlir::Type type) {
  if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
    return vector.getNumElements() * elementBytes(vector.getElementType());
  if (type.isIndex())
    return 8;
  return type.isIntOrFloat() ? elementBytes(type) : 0;
}

/// Greatest number of bytes of scalars and vectors that are live at once inside the block.
static int64_t peakBytes(mlir::Block &block) {
  llvm::DenseMap<mlir::Operation *, int64_t> freedAfter;
  int64_t live = 0, peak = 0;
  auto define = [&](mlir::Value value) {
    int64_t bytes = bytesOf(value.getType());
    mlir::Operation *last = nullptr;
    for (mlir::Operation *user : value.getUsers())
      if (mlir::Operation *inBlock = block.findAncestorOpInBlock(*user))
        if (!last || last->isBeforeInBlock(inBlock))
          last = inBlock;
    if (!last || bytes == 0)
      return;
    live += bytes;
    freedAfter[last] += bytes;
  };
  for (mlir::Value argument : block.getArguments())
    define(argument);
  for (mlir::Operation &op : block) {
    int64_t inner = 0;
    for (mlir::Region &region : op.getRegions())
      for (mlir::Block &nested : region)
        inner = std::max(inner, peakBytes(nested));
    peak = std::max(peak, live + inner);
    live -= freedAfter.lookup(&op);
    // Constants are instructions or loads, not slots on the stack.
    if (!llvm::isa<mlir::arith::ConstantOp>(op))
      for (mlir::Value result : op.getResults())
        define(result);
  }
  return peak;
}

/// Bytes of stack of a function and what it calls: what does not fit in the registers, and the frame itself. Recursion does not occur.
static int64_t stackBytes(mlir::func::FuncOp function, const Target &target, std::map<std::string, int64_t> &known) {
  auto [entry, isNew] = known.try_emplace(function.getName().str(), 0);
  if (!isNew || function.isDeclaration())
    return entry->second;
  int64_t spilled = 0, called = 0;
  for (mlir::Block &block : function.getBody())
    spilled = std::max(spilled, peakBytes(block) - target.vectorBytes * target.vectorRegisters);
  auto module = function->getParentOfType<mlir::ModuleOp>();
  function.walk([&](mlir::Operation *op) {
    std::optional<FunctionCall> call = functionCallOf(op);
    if (auto callee = call ? module.lookupSymbol<mlir::func::FuncOp>(call->callee) : nullptr)
      called = std::max(called, stackBytes(callee, target, known));
  });
  constexpr int64_t frame = 128; // saved registers, return address, alignment
  return known[function.getName().str()] = frame + spilled + called;
}

static int64_t integerAttribute(mlir::Operation *op, llvm::StringRef name) {
  auto attribute = op->getAttrOfType<mlir::IntegerAttr>(name);
  return attribute ? attribute.getInt() : 0;
}

static void addPorts(Table &table, const char *kind, const std::vector<Port> &ports) {
  for (const Port &port : ports) {
    std::string note = port.state.empty() ? "" : "next value of " + port.state;
    if (llvm::is_contained(port.shape, -1))
      note = "sizes open: give --shape";
    table.row({kind, port.name, port.type, shapeText(port.shape), kind[0] == 'o' && note[0] == 's' ? "" : note});
  }
}

/// Operators with their number, and what of the model is data, as the file has them.
static std::string describeGraph(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  std::map<std::string, int64_t> counts;
  int64_t nodes = 0, parameters = 0, bytes = 0;
  module.walk([&](mlir::Operation *op) {
    llvm::StringRef name = op->getName().getStringRef();
    if (!name.consume_front("onnx.") || name == "None" || name == "Return")
      return;
    if (name != "Constant") {
      ++counts[name.str()];
      ++nodes;
      return;
    }
    auto value = op->getAttrOfType<mlir::ElementsAttr>("value");
    if (!value || !value.getShapedType().hasStaticShape())
      return;
    bytes += byteSize(value.getShapedType()).value_or(0);
    if (llvm::isa<mlir::FloatType>(value.getShapedType().getElementType()))
      parameters += value.getNumElements();
  });
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  llvm::stable_sort(sorted, [](const auto &a, const auto &b) { return a.second > b.second; });
  out << "\nOperators: " << nodes << " nodes\n ";
  size_t column = 1;
  for (const auto &[name, count] : sorted) {
    std::string entry = " " + name + " " + std::to_string(count);
    if (column + entry.size() > 100) {
      out << "\n ";
      column = 1;
    }
    out << entry << (name == sorted.back().first ? "" : ",");
    column += entry.size() + 1;
  }
  out << "\n\nParameters: " << grouped(parameters) << " in " << grouped(bytes) << " bytes\n";
  return text;
}

/// One line for each node that has no lowering, and then what the stages said of others.
static std::vector<std::string> obstacles(mlir::ModuleOp module, llvm::ArrayRef<std::string> errors) {
  std::vector<std::string> lines;
  module.walk([&](mlir::Operation *op) {
    llvm::StringRef name = op->getName().getStringRef();
    bool node = name.starts_with("onnx.") && name != "onnx.Constant" && name != "onnx.None" && name != "onnx.Return";
    // Where a stage failed, operators with a function body may not be expanded yet.
    if (node && !isSupported(name) && !hasFunctionBody(op))
      lines.push_back(nodeText(op->getLoc()) + ": the operator is not supported");
  });
  size_t nodes = lines.size();
  for (const std::string &error : errors)
    if (llvm::none_of(llvm::ArrayRef(lines).take_front(nodes), [&](llvm::StringRef line) {
          return llvm::StringRef(error).contains(line.take_front(line.rfind(": ")));
        }))
      lines.push_back(error);
  return lines;
}

static int printObstacles(llvm::raw_ostream &out, llvm::StringRef file, llvm::ArrayRef<std::string> lines) {
  out << "\nCannot be compiled:\n";
  for (llvm::StringRef line : lines) {
    line.consume_front((file + ": ").str());
    out << "  " << line << '\n';
  }
  return 1;
}

/// The sizes that data give, of a planned module.
static void printDataSizes(llvm::raw_ostream &out, mlir::ModuleOp module) {
  llvm::SmallVector<DataSize> sizes = dataSizes(module);
  if (sizes.empty())
    return;
  Table table;
  for (const DataSize &size : sizes) {
    auto most = llvm::dyn_cast<mlir::AffineConstantExpr>(size.most);
    table.row({size.name.str(), "at most", most ? grouped(most.getValue()) : "what the open sizes give"});
  }
  out << "\nSizes that data give, by the node that finds them:\n";
  table.print(out);
}

/// What a planned module needs.
static void printMemory(llvm::raw_ostream &out, mlir::ModuleOp module) {
  const Target &target = Target::of(module);
  std::map<std::string, int64_t> known;
  int64_t stack = 0, weights = 0;
  if (auto main = module.lookupSymbol<mlir::func::FuncOp>("main"))
    stack = stackBytes(main, target, known);
  if (auto data = module->getAttrOfType<mlir::ElementsAttr>("ingot.weights"))
    weights = data.getShapedType().getNumElements();
  Table memory;
  memory.row({"arena", grouped(integerAttribute(module, "ingot.arena_bytes")) + " bytes",
              "for at most " + grouped(integerAttribute(module, "ingot.live_bytes")) + " bytes of values at a time"});
  memory.row({"weights", grouped(weights) + " bytes", "packed for the target, read-only"});
  memory.row({"stack", grouped(stack) + " bytes", "estimated"});
  out << "\nMemory on " << target.name << ":\n";
  memory.print(out);
}

namespace {
/// What `inspect` says of the kernels.
struct KernelReport {
  Table table;
  Work total;
  int64_t count = 0;
};
} // namespace

/// Of a module in the form `kernels`.
static KernelReport kernelsOf(mlir::ModuleOp module) {
  KernelReport report;
  report.total = workOf(module);
  report.table.row({"kernel", "gives", "MACs", "share"});
  module.walk([&](KernelOp kernel) {
    Work work = workOf(kernel);
    std::string shapes;
    for (mlir::Type type : kernel.getResultTypes())
      shapes += (shapes.empty() ? "" : ", ") + shapeText(llvm::cast<mlir::RankedTensorType>(type).getShape());
    report.table.row({kernel.getName().str(), shapes, grouped(work.macs), percent(work.cost, report.total.cost)});
    ++report.count;
  });
  return report;
}

int ingot::inspectModel(const ModelOptions &options) {
  Progress progress;
  std::unique_ptr<Compilation> model = Compilation::import(options, progress);
  if (!model)
    return 1;
  std::string text;
  llvm::raw_string_ostream out(text);
  auto print = [&](int code) {
    progress.clear();
    llvm::outs() << text;
    return code;
  };
  out << options.model << '\n';

  std::string graph = describeGraph(model->module());
  bool simplified = model->tryBringTo(Form::onnx, progress);
  Table ports;
  Interface interface = interfaceOf(model->module());
  addPorts(ports, "input", interface.inputs);
  addPorts(ports, "output", interface.outputs);
  ports.print(out);
  out << graph;
  if (std::vector<std::string> lines = obstacles(model->module(), model->errors().errors()); !simplified || !lines.empty())
    return print(printObstacles(out, options.model, lines));

  // Of several levels the memory of each, and the kernels of the last.
  const Target &target = *Target::find(options.target);
  KernelReport kernels;
  SharedWeights shared;
  for (const Target *level : target.parts()) {
    if (!target.levels.empty())
      model->startLevel(*level);
    bool isKernels = model->tryBringTo(Form::kernels, progress);
    if (isKernels)
      kernels = kernelsOf(model->module());
    if (!isKernels || !model->tryBringTo(Form::plan, progress))
      return print(printObstacles(out, options.model, model->errors().errors()));
    if (level == target.parts().front())
      printDataSizes(out, model->module());
    printMemory(out, model->module());
    if (!target.levels.empty() && mlir::failed(shared.take(model->module())))
      return print(printObstacles(out, options.model, model->errors().errors()));
  }
  if (!target.levels.empty())
    out << "\nWeights of all levels, equal ones once: " << grouped(int64_t(shared.bytes().size())) << " bytes\n";
  KernelCount functions = countKernels(model->module());
  out << "\nVectors: in " << functions.vectorised << " of " << functions.kernels << " functions of kernels that have loops\n";
  out << "\nWork: " << grouped(kernels.total.macs) << " MACs in " << kernels.count << " kernels; shares are estimates\n";
  kernels.table.print(out);
  return print(0);
}
