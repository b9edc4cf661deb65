// The bytes of the model's inputs, from the file that the macro INPUTS names.
  .section .rodata.inputs, "a"
  .balign 64
  .global inputs
inputs:
  .incbin INPUTS
