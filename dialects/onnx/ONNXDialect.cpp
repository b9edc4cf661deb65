//===- ONNXDialect.cpp ----------------------------------------------------===//
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot::onnx;

#include "dialects/onnx/ONNXDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/onnx/ONNXTypes.cpp.inc"


void ONNXDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/onnx/ONNXTypes.cpp.inc"
      >();
  registerONNXDialectOperations(this);
}

Operation *ONNXDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  if (isa<UnitAttr>(value) && isa<NoneType>(type))
    return NoneOp::create(builder, loc, type, ValueRange());
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getShapedType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, ValueRange(),
                            builder.getNamedAttr("value", elements));
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

OpFoldResult NoneOp::fold(FoldAdaptor) { return UnitAttr::get(getContext()); }

//===----------------------------------------------------------------------===//
// Access by the specification's positions
//===----------------------------------------------------------------------===//

Value ingot::onnx::input(Operation *op, unsigned index) {
  if (index >= op->getNumOperands() ||
      isa<NoneType>(op->getOperand(index).getType()))
    return {};
  return op->getOperand(index);
}

Value ingot::onnx::output(Operation *op, unsigned index) {
  if (index >= op->getNumResults() ||
      isa<NoneType>(op->getResult(index).getType()))
    return {};
  return op->getResult(index);
}

ElementsAttr ingot::onnx::constantValue(Value value) {
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  return constant ? constant.getValueAttr() : ElementsAttr();
}

//===----------------------------------------------------------------------===//
// What all operations share
//===----------------------------------------------------------------------===//

void ingot::onnx::detail::build(OperationState &state, TypeRange types, ValueRange operands,
                   ArrayRef<NamedAttribute> attributes) {
  state.addTypes(types);
  state.addOperands(operands);
  state.addAttributes(attributes);
}

// onnx.Conv(%x, %w) {group = 1 : i64} : (tensor<..>, tensor<..>) -> tensor<..> { region }, { region }
ParseResult ingot::onnx::detail::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SMLoc loc = parser.getCurrentLocation();
  FunctionType type;
  if (parser.parseOperandList(operands, OpAsmParser::Delimiter::Paren) ||
      parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperands(operands, type.getInputs(), loc, state.operands))
    return failure();
  state.addTypes(type.getResults());
  auto region = std::make_unique<Region>();
  OptionalParseResult first = parser.parseOptionalRegion(*region);
  if (!first.has_value())
    return success();
  if (failed(*first))
    return failure();
  state.addRegion(std::move(region));
  while (succeeded(parser.parseOptionalComma()))
    if (parser.parseRegion(*state.addRegion()))
      return failure();
  return success();
}

void ingot::onnx::detail::print(Operation *op, OpAsmPrinter &printer) {
  printer << '(' << op->getOperands() << ')';
  printer.printOptionalAttrDict(op->getAttrs());
  printer << " : ";
  printer.printFunctionalType(op);
  if (op->getNumRegions() == 0)
    return;
  printer << ' ';
  llvm::interleaveComma(op->getRegions(), printer,
                        [&](Region &region) { printer.printRegion(region); });
}
