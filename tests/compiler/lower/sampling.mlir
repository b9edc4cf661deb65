// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// Places and weights are tables of all points, which vectors compute; the gather reads them for each channel.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK: arith.fptosi {{.*}} : f32 to i32
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x3x4x4xf32>)
// CHECK-COUNT-4: tensor.extract %arg0
// CHECK: return
func.func @main(%x: tensor<1x3x8x8xf32>, %grid: tensor<1x4x4x2xf32>) -> tensor<1x3x4x4xf32> {
  %0 = "onnx.GridSample"(%x, %grid) {mode = "linear", padding_mode = "zeros", align_corners = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<1x4x4x2xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// -----

// What the taps read are columns; their product with the weights is a contraction without indices from data.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x2x3x3x4x4xf32>)
// CHECK: tensor.extract %arg0
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel", "parallel", "reduction"]
// CHECK-NOT: tensor.extract %
// CHECK: arith.mulf
// CHECK: return
func.func @main(%x: tensor<1x2x6x6xf32>, %w: tensor<4x2x3x3xf32>, %offset: tensor<1x18x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %0 = "onnx.DeformConv"(%x, %w, %offset) {group = 1 : i64, offset_group = 1 : i64} : (tensor<1x2x6x6xf32>, tensor<4x2x3x3xf32>, tensor<1x18x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %0 : tensor<1x4x4x4xf32>
}

// -----

// The image that a region belongs to is checked.
// CHECK-LABEL: func.func @main
// CHECK: cf.assert %{{.*}}, "rois: index out of range"
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
func.func @main(%x: tensor<2x3x8x8xf32>, %rois: tensor<5x4xf32>, %batch: tensor<5xi64>) -> tensor<5x3x2x2xf32> {
  %0 = "onnx.RoiAlign"(%x, %rois, %batch) {output_height = 2 : i64, output_width = 2 : i64, sampling_ratio = 2 : i64, mode = "avg"} : (tensor<2x3x8x8xf32>, tensor<5x4xf32>, tensor<5xi64>) -> tensor<5x3x2x2xf32> loc("rois"("RoiAlign"))
  return %0 : tensor<5x3x2x2xf32>
}
