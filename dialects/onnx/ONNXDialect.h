//===- ONNXDialect.h - the operators of the ONNX specification ------------===//
#ifndef INGOT_DIALECTS_ONNX_ONNXDIALECT_H
#define INGOT_DIALECTS_ONNX_ONNXDIALECT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace ingot::onnx {

/// The specification's input `index` of an operation of the dialect, or null
/// where it is absent.
mlir::Value input(mlir::Operation *op, unsigned index);

/// The specification's output `index`, or null where it is absent.
mlir::Value output(mlir::Operation *op, unsigned index);

/// The value of an `onnx.Constant`, or null if `value` is anything else.
mlir::ElementsAttr constantValue(mlir::Value value);

namespace detail {
void build(mlir::OperationState &state, mlir::TypeRange types,
           mlir::ValueRange operands,
           llvm::ArrayRef<mlir::NamedAttribute> attributes);
mlir::ParseResult parse(mlir::OpAsmParser &parser, mlir::OperationState &state);
void print(mlir::Operation *op, mlir::OpAsmPrinter &printer);
} // namespace detail
} // namespace ingot::onnx

#include "dialects/onnx/ONNXDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/onnx/ONNXTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/onnx/ONNXOps.h.inc"

#endif
