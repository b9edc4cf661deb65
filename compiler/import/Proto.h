//===- Proto.h - onnx's messages and MLIR's types and attributes ----------===//
//
// Both directions, for import, inference and export. These functions throw ImportError; only sources built with exceptions use them.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_IMPORT_PROTO_H
#define INGOT_COMPILER_IMPORT_PROTO_H

#include "compiler/import/ElementTypes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "onnx/onnx_pb.h"
#include <functional>
#include <stdexcept>

namespace ingot {

/// What is wrong with a model, and the node where it is if it is in one.
struct ImportError : std::runtime_error {
  ImportError(const llvm::Twine &message, llvm::StringRef node = {},
              llvm::StringRef opType = {})
      : std::runtime_error(message.str()), node(node), opType(opType) {}
  explicit ImportError(const llvm::Twine &message,
                       const ::onnx::NodeProto &node);
  std::string node, opType;
};

/// The node's name, or its first output's where it has none.
llvm::StringRef displayName(const ::onnx::NodeProto &node);

/// The name of the element type of that number, which comes from a file and may be none.
std::string elementTypeName(int dataType);

/// A tensor without shape is unranked, a negative or symbolic dimension dynamic.
/// The shape that a declared type fixes, as an array of integers, or unit.
mlir::Attribute declaredShape(mlir::MLIRContext *context, const onnx::TypeProto &proto);
mlir::Type typeFromProto(mlir::MLIRContext *context,
                         const ::onnx::TypeProto &proto);
::onnx::TypeProto protoFromType(mlir::Type type, bool withShape = true);

/// Reads the bytes of a tensor whose data lie in another file.
using ReadExternal =
    std::function<std::vector<char>(const ::onnx::TensorProto &, size_t bytes)>;

/// Data of a tensor, checked against its shape.
mlir::ElementsAttr elementsFromProto(mlir::MLIRContext *context,
                                     const ::onnx::TensorProto &proto,
                                     const ReadExternal &readExternal = {});
::onnx::TensorProto protoFromElements(mlir::ElementsAttr elements,
                                      llvm::StringRef name = {});

/// An attribute that is no graph; null for kinds that no operator has.
mlir::Attribute attributeFromProto(mlir::MLIRContext *context,
                                   const ::onnx::AttributeProto &proto,
                                   const ReadExternal &readExternal = {});
::onnx::AttributeProto protoFromAttribute(llvm::StringRef name,
                                          mlir::Attribute attribute);

} // namespace ingot

#endif
