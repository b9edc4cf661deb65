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

def Ingot_DataSizeOp : Ingot_Op<"data_size", [Pure]> {
  let summary = "a size that data give";
  let description = [{
    `number` is that of its symbol: those of the module's `ingot.data_sizes`, which says the most that each can be, come behind the names in
    `ingot.sizes`. A count below 0 or above the most reads as 0 or the most, so that what has this size fits the memory that it was given.
  }];
  let arguments = (ins I64Attr:$number, Index:$count);
  let results = (outs Index:$result);
  let assemblyFormat = "$number `=` $count attr-dict";
}

def Ingot_AddressOp : Ingot_Op<"address", [Pure]> {
  let summary = "where an element lies in memory";
  let description = [{
    The address of an element of a tensor that stays where it is as long as the model runs: an input of the model or a constant, not a splat.
    After schedule: of a flat buffer. An address has 64 bits on all machines.
  }];
  let arguments = (ins AnyType:$memory, Variadic<Index>:$indices);
  let results = (outs I64:$result);
  let assemblyFormat = "$memory `[` $indices `]` attr-dict `:` type($memory)";
}

def Ingot_PeekOp : Ingot_Op<"peek", [Pure]> {
  let summary = "what memory holds at an address";
  let description = [{
    An integer of any alignment from the bytes of a string or of its view, which do not change once there is an address of them.
  }];
  let arguments = (ins I64:$address);
  let results = (outs AnyInteger:$value);
  let assemblyFormat = "$address attr-dict `:` type($value)";
}

def Ingot_PokeOp : Ingot_Op<"poke", [MemoryEffects<[MemWrite]>]> {
  let summary = "writes an integer of any alignment to an address";
  let description = [{
    Only in the functions of compiler/strings, which fill what they have just taken from the pool.
  }];
  let arguments = (ins AnyInteger:$value, I64:$address);
  let assemblyFormat = "$value `,` $address attr-dict `:` type($value)";
}

def Ingot_StringOp : Ingot_Op<"string", [Pure]> {
  let summary = "a function of strings";
  let description = [{
    One of the functions of compiler/strings/functions.mlir by its name. Strings are handles (docs/ir.md), and never change, so that the function is pure, even where it `makes` one: its
    bytes come from the pool of strings, which schedule passes as the last operand. expand-strings turns it into a call.
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$operands, UnitAttr:$makes);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$name `(` $operands `)` attr-dict `:` functional-type($operands, $result)";
}

def Ingot_KernelOp : Ingot_Op<"kernel", [
    IsolatedFromAbove, RecursiveMemoryEffects, SingleBlock]> {
  let summary = "a fused region of tensor operations that becomes one function";
  let description = [{
    The block arguments are the operands: tensors in full, or scalars of type index. The block holds views of its arguments
    and stages (`linalg.generic`) in order, and ends in `ingot.yield`. The name is a hint; equal kernels become one function.
    A kernel with a check (`cf.assert`) stays, whether its results are used or not.

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
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a kernel's function, on tensors";
  let description = [{
    The callee is in destination-passing style: it takes the operands' buffers, then the results' buffers, then scratch memory and the
    status word if it has the attributes `ingot.scratch` and `ingot.checked`. plan-memory gives them addresses. Where threads may share the
    function (`ingot.shared`), two indices follow.

    Where results have sizes that are not static, `sizes` has one map for each result: its dimensions as expressions over the module's
    `ingot.sizes` and `ingot.data_sizes`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$inputs,
                       OptionalAttr<AffineMapArrayAttr>:$sizes);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)
  }];
}

def Ingot_ShareOp : Ingot_Op<"share", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a kernel's function by several threads, each of which does a part";
  let description = [{
    The callee takes the inputs and two indices, first and last: it does the units of work in [first, last) of 0 to `count`. Each unit is done
    once; which threads do which, and whether there are several at all, is up to the host that lends `threads`. Unless there is one part only, none has
    fewer than `grain` units.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$inputs, Index:$count, AnyMemRef:$threads, I64Attr:$grain);
  let assemblyFormat = [{
    $callee `(` $inputs `)` `of` $count `by` $threads `grain` $grain attr-dict `:` `(` type($inputs) `)` `,` type($threads)
  }];
}

def Ingot_LibraryOp : Ingot_Op<"library", [AttrSizedOperandSegments]> {
  let summary = "a call of a function of a library that the program links";
  let description = [{
    `function` is a C function without a result that runtime-min's header `<library>.h` declares; its arguments are `inputs`, then `outputs`: flat buffers,
    passed as pointers, and scalars. It reads the former buffers and writes the latter.
  }];
  let arguments = (ins StrAttr:$library, StrAttr:$function, Variadic<AnyType>:$inputs, Variadic<AnyType>:$outputs);
  let assemblyFormat = "$library $function `(` $inputs `)` `into` `(` $outputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def Ingot_DotOp : Ingot_Op<"dot", [Pure, AllTypesMatch<["sum", "result"]>]> {
  let summary = "neighbouring products of small numbers, summed and added to a sum";
  let description = [{
    Of int16: result[i] = sum[i] + a[2 i] * b[2 i] + a[2 i + 1] * b[2 i + 1], modulo 2^32. `b` has two elements for each lane of the sum (which may be a scalar); `a` has
    as many, or two that count for every lane. Of int8 likewise with four in place of two; with `unsigned` the elements of `a` have no sign. If `a`
    is of int16 and `b` of int8, each four elements of `b` belong to the elements 0, 2, 1 and 3 of `a`: so they come where every second byte is widened at once.

    Where the sum is of float32, the factors are pairs of bfloat16 (or their bits in int16). Products of these are exact; the order of the two additions and their rounding
    are those of the target's instruction (docs/ir.md), and so is that subnormal numbers count as zeros.
  }];
  let arguments = (ins AnyVectorOfAnyRank:$a, AnyVectorOfAnyRank:$b, AnyType:$sum, UnitAttr:$is_unsigned);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$a `,` $b `,` $sum (`unsigned` $is_unsigned^)? attr-dict `:` type($a) `,` type($b) `,` type($sum)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Products that one lane of the sum takes: four if `b` is of int8, else two.
    int64_t terms();
    /// Whether the factors are bfloat16.
    bool isOfFloats();
  }];
}

def Ingot_LookupOp : Ingot_Op<"lookup", [Pure, SameOperandsAndResultShape]> {
  let summary = "a function of one byte, as a table";
  let description = [{
    The element of `table`, of 256 elements, whose number is `code`, an i8, read without a sign. Scalars or vectors.
  }];
  let arguments = (ins AnyType:$code, ElementsAttr:$table);
  let results = (outs AnyType:$value);
  let assemblyFormat = "$code `in` $table attr-dict `:` type($code) `->` type($value)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

class Ingot_FormatOp<string mnemonic>
    : Ingot_Op<mnemonic, [Pure, SameOperandsAndResultShape]>;

def Ingot_DecodeOp : Ingot_FormatOp<"decode"> {
  let summary = "the number that the bits of a small float stand for";
  let description = [{
    `code` is an element of `format`, a float of four or eight bits, in an i8; its lowest bits count. Every such number is a float32.
    Scalars or vectors. expand-math turns it into a call.
  }];
  let arguments = (ins AnyType:$code, TypeAttr:$format);
  let results = (outs AnyType:$value);
  let assemblyFormat = "$code `as` $format attr-dict `:` type($code) `->` type($value)";
}

def Ingot_EncodeOp : Ingot_FormatOp<"encode"> {
  let summary = "the bits of the nearest number of a small format";
  let description = [{
    Rounds a float32 or float64 to `format`, a float of four or eight bits, as an i8 whose other bits are 0. Halfway cases go to
    even; for f8E8M0FNU, whose numbers are powers of two, `rounding` says where numbers between two go: `up`, `down` or
    `nearest` with halfway cases up. With `saturate`, what is too large for the format and infinities become its largest
    number, else infinity or, in formats without one, NaN.
  }];
  let arguments = (ins AnyType:$value, TypeAttr:$format, UnitAttr:$saturate,
                       OptionalAttr<StrAttr>:$rounding);
  let results = (outs AnyType:$code);
  let assemblyFormat = "$value `as` $format attr-dict `:` type($value) `->` type($code)";
}

#endif
