//===- GraphBuilder.h - nodes become operations ---------------------------===//
#ifndef INGOT_COMPILER_IMPORT_GRAPHBUILDER_H
#define INGOT_COMPILER_IMPORT_GRAPHBUILDER_H

#include "compiler/import/Proto.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {

/// An error was emitted as a diagnostic already.
struct Reported : std::exception {};

/// Values of a graph by name; a nested graph sees those of the graphs around
/// it unless it has its own of that name.
class Scope {
public:
  explicit Scope(const Scope *outer = nullptr) : outer(outer) {}
  void define(llvm::StringRef name, mlir::Value value) { values[name] = value; }
  /// Throws ImportError where there is none.
  mlir::Value lookup(llvm::StringRef name) const;

private:
  const Scope *outer;
  llvm::StringMap<mlir::Value> values;
};

/// Makes operations of the newest opset from nodes, at an insertion point. Its
/// functions throw ImportError or Reported.
class GraphBuilder {
public:
  GraphBuilder(mlir::OpBuilder &builder, ReadExternal readExternal,
               bool inferShapes)
      : builder(builder), context(*builder.getContext()),
        readExternal(std::move(readExternal)), inferShapes(inferShapes) {}

  /// All operations get this location instead of one made of their node's
  /// name.
  void setLocation(mlir::Location loc) { fixedLocation = loc; }

  void defineConstant(Scope &scope, llvm::StringRef name,
                      mlir::ElementsAttr value, mlir::Location loc);
  /// Initialisers, then nodes in order.
  void buildGraph(const ::onnx::GraphProto &graph, Scope &scope);
  mlir::Location locationOf(llvm::StringRef name, llvm::StringRef opType);

private:
  void buildNode(const ::onnx::NodeProto &node, Scope &scope);
  /// `known`: types for inputs that the graph itself gives none.
  void buildNested(const ::onnx::GraphProto &graph, const Scope &outer,
                   mlir::Region &region, llvm::ArrayRef<mlir::Type> known);
  mlir::ElementsAttr constantOf(const ::onnx::NodeProto &node);
  mlir::Value none();

  mlir::OpBuilder &builder;
  mlir::MLIRContext &context;
  ReadExternal readExternal;
  bool inferShapes;
  std::optional<mlir::Location> fixedLocation;
};

} // namespace ingot

#endif
