//===- Dialects.h - the dialects that pass between the stages -------------===//
#ifndef INGOT_COMPILER_DRIVER_DIALECTS_H
#define INGOT_COMPILER_DRIVER_DIALECTS_H

namespace mlir {
class DialectRegistry;
}

namespace ingot {

/// The dialects of docs/ir.md, and no others: each costs start-up time.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace ingot

#endif
