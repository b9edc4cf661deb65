//===- ingot-opt.cpp - the passes one by one, in mlir-opt's manners -------===//
#include "compiler/driver/Dialects.h"
#include "compiler/driver/Stages.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ingot::registerDialects(registry);
  ingot::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "ingot-opt: the passes of Ingot, one by one\n", registry));
}
