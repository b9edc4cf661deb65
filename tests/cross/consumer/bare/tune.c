/* What ingot/tune.h asks for, on the board MPS2: its counter of cycles, which QEMU drives by the instructions that it counts (-icount). */
#include "semihosting.h"
#include <ingot/tune.h>

uint64_t ingot_ticks(void) {
  /* It has 32 bits, and shows 25 MHz: more than two minutes. */
  return *(volatile uint32_t *)0x40028018;
}

uint64_t ingot_ticks_per_second(void) { return 25000000; }

void ingot_print(const char *text) { semihosting_print(text); }
