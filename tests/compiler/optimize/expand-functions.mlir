// RUN: ingot-opt --expand-functions=keep=onnx.Softplus %s | FileCheck %s

// Mish is x * tanh(softplus(x)); Softplus has a lowering of its own here.
// CHECK-LABEL: @mish
func.func @mish(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[S:.*]] = onnx.Softplus(%arg0)
  // CHECK: %[[T:.*]] = onnx.Tanh(%[[S]])
  // CHECK: %[[Y:.*]] = onnx.Mul(%arg0, %[[T]])
  // CHECK: return %[[Y]]
  %y = onnx.Mish(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// The body depends on the types and on which inputs are there.
// CHECK-LABEL: @normalise
func.func @normalise(%x: tensor<2x8xf32>, %scale: tensor<8xf32>) -> tensor<2x8xf32> {
  // CHECK-NOT: onnx.LayerNormalization
  // CHECK: onnx.ReduceMean
  // CHECK: onnx.Sqrt
  %y = onnx.LayerNormalization(%x, %scale) {axis = -1 : i64, epsilon = 1.0e-5 : f32, stash_type = 1 : i64} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
