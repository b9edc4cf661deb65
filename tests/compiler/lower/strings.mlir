// RUN: ingot-opt --lower-to-linalg --canonicalize --split-input-file %s | FileCheck %s

// An input of strings is views, two numbers each, and so is an output; between them strings are handles.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x2xi64>) -> tensor<3x2x2xi64>
// CHECK: ingot.address %[[X]][%{{.*}}, %{{.*}}, %c0{{.*}}] : tensor<2x3x2xi64>
// CHECK: linalg.yield %{{.*}} : i64
// CHECK-DAG: ingot.string "string_data"
// CHECK-DAG: ingot.string "string_size"
func.func @main(%x: tensor<2x3x!onnx.String>) -> tensor<3x2x!onnx.String> {
  %0 = "onnx.Transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3x!onnx.String>) -> tensor<3x2x!onnx.String> loc("t"("Transpose"))
  return %0 : tensor<3x2x!onnx.String>
}

// -----

// Constants lie in read-only data, each behind its size.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[BYTES:.*]] = arith.constant dense<[1, 0, 2, 0, 0, 0, 97, 98, 1, 0, 0, 0, 99, 0]> : tensor<14xi8>
// CHECK-DAG: arith.constant dense<[3, 9]> : tensor<2xi64>
// CHECK: ingot.address %[[BYTES]]
// CHECK: ingot.string "string_equal"(%{{.*}}, %{{.*}}) : (i64, i64) -> i1
func.func @main(%x: tensor<2x!onnx.String>) -> tensor<2xi1> {
  %k = "onnx.Constant"() {value = dense<["ab", "c"]> : tensor<2x!onnx.String>} : () -> tensor<2x!onnx.String> loc("k"("Constant"))
  %0 = "onnx.Equal"(%x, %k) : (tensor<2x!onnx.String>, tensor<2x!onnx.String>) -> tensor<2xi1> loc("e"("Equal"))
  return %0 : tensor<2xi1>
}

// -----

// What makes strings says so.
// CHECK: ingot.string "string_concat"(%{{.*}}, %{{.*}}) {makes} : (i64, i64) -> i64
module attributes {ingot.sizes = ["N"]} {
func.func @main(%x: tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>> {ingot.dims = array<i64: 0>}) -> tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>> {
  %0 = "onnx.Identity"(%x) : (tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>>) -> tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>> loc("i"("Identity"))
  %y = "onnx.StringConcat"(%0, %x) : (tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>>, tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>>) -> tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>> loc("c"("StringConcat"))
  return %y : tensor<?x!onnx.String, affine_map<(d0)[s0] -> (s0)>>
}
}
