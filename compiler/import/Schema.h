//===- Schema.h - the schema behind an operation --------------------------===//
#ifndef INGOT_COMPILER_IMPORT_SCHEMA_H
#define INGOT_COMPILER_IMPORT_SCHEMA_H

#include "mlir/IR/Operation.h"
#include "onnx/defs/schema.h"

namespace ingot {

/// The schema of an operation of the onnx dialect, or null for `Constant`,
/// `None`, `Return` and operations of other dialects.
const ::onnx::OpSchema *schemaOf(mlir::Operation *op);

/// The newest schema of an operator that the dialect has, or null.
const ::onnx::OpSchema *newestSchema(const std::string &domain,
                                     const std::string &opType);

/// Full name of the operation: `onnx.Conv`, `onnx.ai_onnx_ml_Scaler`.
std::string operationName(const ::onnx::OpSchema &schema);

/// Names of the graph attributes, in the order of the operation's regions.
std::vector<std::string> graphAttributes(const ::onnx::OpSchema &schema);

/// `ai.onnx` and the empty string are the same domain, the main one.
std::string canonicalDomain(const std::string &domain);

} // namespace ingot

#endif
