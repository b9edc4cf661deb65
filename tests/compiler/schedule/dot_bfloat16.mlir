// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s
// RUN: sed 's/x86-64-v4-bf16/aarch64-bf16/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s --check-prefix=ARM
// RUN: sed 's/x86-64-v4-bf16/x86-64-v4-vnni/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s --check-prefix=NONE
// RUN: sed 's/bf16>/f16>/g; s/: bf16/: f16/g' %s | ingot-opt --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s --check-prefix=NONE

// Products of bfloat16 are summed in pairs where the target has an instruction for it. The last step of an odd number has a zero beside it: what lies behind a row
// may be no number, and is not read. Other targets, and other formats, convert both factors.

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

module attributes {ingot.model = "dot", ingot.target = "x86-64-v4-bf16"} {
  // CHECK: func.func private @kernel_tile_{{[0-9]+}}x16(%[[X:.*]]: memref<84xbf16>, %[[W:.*]]: memref<128xbf16>
  // CHECK: scf.for
  // CHECK: %[[WEIGHTS:.*]] = vector.load %[[W]]{{.*}} : memref<128xbf16>, vector<32xbf16>
  // CHECK: %[[PAIR:.*]] = vector.load %[[X]]{{.*}} : memref<84xbf16>, vector<2xbf16>
  // CHECK: ingot.dot %[[PAIR]], %[[WEIGHTS]], %{{.*}} : vector<2xbf16>, vector<32xbf16>, vector<16xf32>
  // CHECK: scf.yield
  // CHECK-NOT: vector.load %[[X]]
  // CHECK: memref.load %[[X]]
  // CHECK: vector.from_elements %{{.*}}, %{{.*}} : vector<2xbf16>
  // CHECK: ingot.dot
  // ARM: ingot.dot %{{.*}}, %{{.*}}, %{{.*}} : vector<2xbf16>, vector<8xbf16>, vector<4xf32>
  // NONE-NOT: ingot.dot
  // NONE: arith.extf
  // NONE-NOT: ingot.dot
  func.func @main(%x: tensor<12x7xbf16> {ingot.name = "x", ingot.type = "bfloat16"})
      -> (tensor<12x16xf32> {ingot.name = "y", ingot.type = "float"}) {
    %zero = arith.constant 0.0 : f32
    %w = arith.constant dense<"0x003F013F023F033F043F053F063F073F083F093F0A3F0B3F0C3F0D3F0E3F0F3F103F113F123F133F143F153F163F173F183F193F1A3F1B3F1C3F1D3F1E3F1F3F203F213F223F233F243F253F263F273F283F293F2A3F2B3F2C3F2D3F2E3F2F3F303F313F323F333F343F353F363F373F383F393F3A3F3B3F3C3F3D3F3E3F3F3F403F413F423F433F443F453F463F473F483F493F4A3F4B3F4C3F4D3F4E3F4F3F503F513F523F533F543F553F563F573F583F593F5A3F5B3F5C3F5D3F5E3F5F3F603F613F623F633F643F653F663F673F683F693F6A3F6B3F6C3F6D3F6E3F6F3F"> : tensor<7x16xbf16>
    %e = tensor.empty() : tensor<12x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<12x16xf32>) -> tensor<12x16xf32>
    %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<12x7xbf16>, tensor<7x16xbf16>) outs(%f : tensor<12x16xf32>) {
    ^bb0(%p: bf16, %q: bf16, %acc: f32):
      %pw = arith.extf %p : bf16 to f32
      %qw = arith.extf %q : bf16 to f32
      %t = arith.mulf %pw, %qw : f32
      %s = arith.addf %acc, %t : f32
      linalg.yield %s : f32
    } -> tensor<12x16xf32>
    return %y : tensor<12x16xf32>
  }
}
