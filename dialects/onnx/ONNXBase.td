//===- ONNXBase.td - what the generated operations are made of ------------===//
#ifndef ONNX_BASE
#define ONNX_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::ingot::onnx";
  let summary = "the operators of the ONNX specification, at their newest versions";
  let description = [{
    Generated from the schema registry of the linked onnx library. Operand i is the specification's input i; docs/ir.md has the conventions.
  }];
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  // Attributes stay in the operation's dictionary: import, export and inference treat all operations alike, and the generated
  // code is a third of what properties need.
  let usePropertiesForAttributes = 0;
}

class ONNX_Type<string name, string typeMnemonic> : TypeDef<ONNX_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def ONNX_StringType : ONNX_Type<"String", "String"> {
  let summary = "element of a string tensor";
}

def ONNX_SequenceType : ONNX_Type<"Sequence", "Sequence"> {
  let summary = "a list of values of one type";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def ONNX_OptionalType : ONNX_Type<"Optional", "Optional"> {
  let summary = "a value or nothing";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def ONNX_MapType : ONNX_Type<"Map", "Map"> {
  let summary = "values of one type by key";
  let parameters = (ins "::mlir::Type":$keyType, "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $keyType `,` $valueType `>`";
}

def ONNX_UnknownType : ONNX_Type<"Unknown", "Unknown"> {
  let summary = "a result before its first inference; gone after import";
}

class ONNX_Op<string mnemonic, list<Trait> traits = []>
    : Op<ONNX_Dialect, mnemonic, traits> {
  // One way to build and one form to print for all: what ODS would write for each is most of its code.
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$types, "::mlir::ValueRange":$operands,
      CArg<"::llvm::ArrayRef<::mlir::NamedAttribute>", "{}">:$attributes), [{
    ::ingot::onnx::detail::build($_state, types, operands, attributes);
  }]>];
  let hasCustomAssemblyFormat = 1;
  let extraClassDefinition = [{
    ::mlir::ParseResult $cppClass::parse(::mlir::OpAsmParser &parser, ::mlir::OperationState &state) {
      return ::ingot::onnx::detail::parse(parser, state);
    }
    void $cppClass::print(::mlir::OpAsmPrinter &printer) {
      ::ingot::onnx::detail::print(getOperation(), printer);
    }
  }];
}

def ONNX_ConstantOp : ONNX_Op<"Constant", [ConstantLike, Pure]> {
  let summary = "a constant or an initialiser";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyType:$output);
  let hasFolder = 1;
}

def ONNX_NoneOp : ONNX_Op<"None", [ConstantLike, Pure]> {
  let summary = "an optional input that is absent";
  let results = (outs NoneType:$none);
  let hasFolder = 1;
}

def ONNX_ReturnOp : ONNX_Op<"Return", [Pure, Terminator, ReturnLike]> {
  let summary = "the outputs of a nested graph";
  let arguments = (ins Variadic<AnyType>:$values);
}

#endif
