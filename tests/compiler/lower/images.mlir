// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s
// RUN: ingot-opt --lower-to-linalg --canonicalize --cse --form-kernels --choose-schedules --expand-kernels --plan-memory --split-input-file %s | FileCheck %s --check-prefix=PLAN

// A library decodes, into memory for the largest picture; how large the result is, data give.
// CHECK: func.func private @[[CALLEE:image_*decoder]](%[[X:.*]]: memref<?xi8>, %[[SIZE:.*]]: index, %[[H:.*]]: index, %[[W:.*]]: index, %[[PIXELS:.*]]: memref<60000xi8>, %[[SHAPE:.*]]: memref<2xi64>, %[[STATUS:.*]]: memref<1xi32>)
// CHECK-SAME: ingot.checked
// CHECK-NEXT: ingot.library "image" "ingot_decode_image"(%[[X]], %[[SIZE]], %[[H]], %[[W]]) into(%[[PIXELS]], %[[SHAPE]], %[[STATUS]])
// CHECK-LABEL: func.func @main
// CHECK: ingot.launch @[[CALLEE]](%{{.*}}, %{{.*}}, %c100{{.*}}, %c200{{.*}})
// CHECK: ingot.data_size 1
// CHECK: ingot.data_size 2
// PLAN-LABEL: func.func @main
// PLAN: call @image
module attributes {ingot.target = "x86-64-v1", ingot.libraries = ["image"], ingot.image_size = array<i64: 100, 200>, ingot.sizes = ["bytes"]} {
func.func @main(%x: tensor<?xui8, affine_map<(d0)[s0] -> (s0)>> {ingot.name = "x", ingot.type = "uint8", ingot.dims = array<i64: 0>})
    -> (tensor<?x?x?xui8> {ingot.name = "y", ingot.type = "uint8"}) {
  %0 = "onnx.ImageDecoder"(%x) {pixel_format = "RGB"} : (tensor<?xui8, affine_map<(d0)[s0] -> (s0)>>) -> tensor<?x?x?xui8> loc("photo"("ImageDecoder"))
  return %0 : tensor<?x?x?xui8>
}
}

// -----

// Of a declared size there is room for no more, and the picture's is checked.
// CHECK: func.func private @{{image_*decoder}}({{.*}}memref<36864xi8>
// CHECK-LABEL: func.func @main
// CHECK-NOT: ingot.data_size
// CHECK: cf.assert %{{.*}}, "photo: the data give another shape than the model declares"
// CHECK-NOT: ingot.data_size
// CHECK: return %{{.*}} : tensor<96x128x1xi8>
module attributes {ingot.target = "x86-64-v1", ingot.libraries = ["image"]} {
func.func @main(%x: tensor<500xui8>) -> tensor<96x128x1xui8> {
  %0 = "onnx.ImageDecoder"(%x) {pixel_format = "Grayscale"} : (tensor<500xui8>) -> tensor<96x128x1xui8> loc("photo"("ImageDecoder"))
  return %0 : tensor<96x128x1xui8>
}
}
