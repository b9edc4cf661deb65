#ifndef INGOT_OPS
#define INGOT_OPS

include "dialects/ingot/IngotDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Ingot_SizeOp : Ingot_Op<"size", [Pure]> {
  let summary = "a size that is known when the model is called";
  let description = [{
    The number of a name in the module's `ingot.sizes`. Inputs say by `ingot.dims` which of their dimensions have which size.
  }];
  let arguments = (ins I64Attr:$number);
  let results = (outs Index:$result);
  let assemblyFormat = "$number attr-dict";
}

def Ingot_KernelOp : Ingot_Op<"kernel", [
    IsolatedFromAbove, Pure, SingleBlock]> {
  let summary = "a fused region of tensor operations that becomes one function";
  let description = [{
    The block arguments are the operands: tensors in full, or scalars of type index. The block holds views of its arguments
    and stages (`linalg.generic`) in order, and ends in `ingot.yield`. The name is a hint; equal kernels become one function.

    Where tensors have sizes that are not static, `sizes` has one map for each operand: its dimensions as expressions over the operands of type index,
    in their order (an empty map for a scalar).
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs,
                       OptionalAttr<DictionaryAttr>:$schedule,
                       OptionalAttr<AffineMapArrayAttr>:$sizes);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name ` ` `(` $inputs `)` `:` functional-type($inputs, $results)
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Ingot_YieldOp : Ingot_Op<"yield", [Pure, Terminator, ReturnLike,
                                       HasParent<"KernelOp">]> {
  let summary = "results of a kernel";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def Ingot_LaunchOp : Ingot_Op<"launch", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a kernel's function, on tensors";
  let description = [{
    The callee is in destination-passing style: it takes the operands' buffers, then the results' buffers, then scratch memory and the
    status word if it has the attributes `ingot.scratch` and `ingot.checked`. plan-memory gives them addresses.

    Where results have sizes that are not static, `sizes` has one map for each result: its dimensions as expressions over the module's
    `ingot.sizes`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$inputs,
                       OptionalAttr<AffineMapArrayAttr>:$sizes);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)
  }];
}

#endif
