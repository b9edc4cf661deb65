//===- Node.h - one onnx operation on its way down ------------------------===//
#ifndef INGOT_COMPILER_LOWER_NODE_H
#define INGOT_COMPILER_LOWER_NODE_H

#include "compiler/lower/Shape.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <vector>

namespace ingot::lower {

/// The tensor type with the same shape and signless integers, a byte for elements of fewer bits and floats of eight, handles (i64) for strings; null for
/// types that the tensor IR has no place for (sequences, tensors without a rank).
mlir::RankedTensorType lowerType(mlir::Type type);

/// The elements with signless integers.
mlir::TypedAttr lowerElements(mlir::ElementsAttr elements);

/// A view of one onnx operation by name and position, and the builder for what
/// replaces it. Operands are lowered values already. Everything that is read
/// is checked: a missing or ill-typed attribute reads as its default.
class Node {
public:
  Node(mlir::Operation *op, mlir::IRMapping &values, mlir::OpBuilder &builder)
      : op(op), values(values), b(op->getLoc(), builder) {}

  mlir::Operation *op;
  mlir::IRMapping &values;
  mlir::ImplicitLocOpBuilder b;

  /// "Conv" of onnx.Conv.
  llvm::StringRef kind() const;
  /// The node's name in the model, from the location.
  std::string name() const;

  unsigned numOperands() const { return op->getNumOperands(); }
  bool has(unsigned i) const;
  /// Lowered operand i, or null if it is absent.
  mlir::Value operand(unsigned i) const;
  /// All operands that are present.
  llvm::SmallVector<mlir::Value> operands() const;
  /// Lowered type of operand i, which is present.
  mlir::RankedTensorType type(unsigned i) const;
  llvm::ArrayRef<int64_t> shape(unsigned i) const { return type(i).getShape(); }
  /// The same with what is known of open sizes.
  Shape sizes(unsigned i) const;
  Shape resultSizes(unsigned i = 0) const;
  /// Whether sizes are equal, or the first is at most the second. Of open ones the module requires it of each call.
  bool agree(const Extent &a, const Extent &b) const;
  bool isAtMost(const Extent &a, const Extent &b) const;
  /// The lesser and the greater of two sizes that are known; of open ones the module computes it for each call.
  Extent lesser(const Extent &a, const Extent &b) const;
  Extent greater(const Extent &a, const Extent &b) const;
  /// The elements of operand i where they are integers of the model, or expressions over its open sizes.
  std::optional<Shape> elements(unsigned i) const;
  /// Whether they are such expressions: then the results' types follow from them, and nothing is left to check.
  bool isOpen(unsigned i) const;
  int64_t rank(unsigned i) const { return type(i).getRank(); }
  mlir::Type element(unsigned i) const { return type(i).getElementType(); }
  /// Whether the elements of operand i are unsigned (bool included).
  bool isUnsigned(unsigned i) const;
  bool isUnsignedResult(unsigned i) const;
  /// The element type in the onnx dialect, where the tensor IR has only a byte (compiler/lower/Formats.h).
  mlir::Type onnxElement(unsigned i) const;
  mlir::Type onnxResultElement(unsigned i) const;

  bool hasResult(unsigned i) const;
  mlir::RankedTensorType resultType(unsigned i = 0) const;
  /// Says what stands for result i from here on.
  void set(unsigned i, mlir::Value value);
  /// The only result; for the usual end of a lowering.
  mlir::LogicalResult done(mlir::Value value) {
    set(0, value);
    return mlir::success();
  }

  int64_t attrInt(llvm::StringRef name, int64_t fallback) const;
  float attrFloat(llvm::StringRef name, float fallback) const;
  std::string attrString(llvm::StringRef name, llvm::StringRef fallback) const;
  bool hasAttr(llvm::StringRef name) const { return op->hasAttr(name); }
  std::optional<std::vector<int64_t>> attrInts(llvm::StringRef name) const;
  std::optional<std::vector<float>> attrFloats(llvm::StringRef name) const;
  std::optional<std::vector<std::string>> attrStrings(llvm::StringRef name) const;

  /// The value of operand i if it is a constant of the model, else null.
  mlir::ElementsAttr constant(unsigned i) const;
  /// Constant operand i as integers.
  std::optional<std::vector<int64_t>> constantInts(unsigned i) const;
  /// Constant operand i, of a floating-point or integer type, as doubles.
  std::optional<std::vector<double>> constantFloats(unsigned i) const;

  /// The attribute's axis, or `fallback`, counted from the front; nullopt if it is outside [-rank, rank).
  std::optional<int64_t> axis(llvm::StringRef name, int64_t fallback,
                              int64_t rank) const;

  /// Emits "node 'name' (Op): message"; what to do is part of the message.
  mlir::LogicalResult fail(const llvm::Twine &message) const;
};

/// How an operator is lowered.
struct Lowering {
  using Function = mlir::LogicalResult (*)(Node &);
  Lowering() = default;
  Lowering(Function function, bool checksShape = false)
      : function(function), checksShape(checksShape) {}
  /// Of a function object without state.
  template <typename F, std::enable_if_t<std::is_convertible_v<F, Function> && !std::is_same_v<F, Function>, int> = 0>
  Lowering(F function) : function(function) {}

  Function function = nullptr;
  /// The code that it makes checks at run time that the data give the results the shapes of their types, so that these may be a
  /// promise of the model.
  bool checksShape = false;
};
/// A lowering that checks the shapes of its results.
inline Lowering checked(Lowering::Function function) { return {function, true}; }

using Registry = llvm::StringMap<Lowering>;

/// One registration function per family; each adds its operators by full name.
void addControlFlow(Registry &registry);
void addConvolution(Registry &registry);
void addElementwise(Registry &registry);
void addFourier(Registry &registry);
void addGenerators(Registry &registry);
void addImages(Registry &registry);
void addIndexing(Registry &registry);
void addLearning(Registry &registry);
void addMatMul(Registry &registry);
void addNormalization(Registry &registry);
void addPooling(Registry &registry);
void addQuantized(Registry &registry);
void addRandom(Registry &registry);
void addRecurrent(Registry &registry);
void addReduction(Registry &registry);
void addResize(Registry &registry);
void addSampling(Registry &registry);
void addScatter(Registry &registry);
void addSelection(Registry &registry);
void addShapes(Registry &registry);
void addSignal(Registry &registry);
void addSorting(Registry &registry);
void addText(Registry &registry);
void addTraining(Registry &registry);
void addTrees(Registry &registry);

const Registry &registry();

/// Lowers the operations of a block in order; the lowered operations stand beside the old ones, which eraseLowered
/// removes (all but the terminator).
mlir::LogicalResult lowerBlock(mlir::Block &block, mlir::IRMapping &values);
void eraseLowered(mlir::Block &block);

/// The elements of a constant as doubles; nullopt for types that are neither float16, bfloat16, float, double nor integers.
std::optional<std::vector<double>> floatValues(mlir::ElementsAttr elements,
                                               bool isUnsigned);

} // namespace ingot::lower

#endif
