/* Startup code of a bare Cortex-M: vectors, memory, floating point, and the way out. */
#include "semihosting.h"
#include <stdint.h>

extern uint32_t bss_begin[], bss_end[], stack_limit[], stack_top[];
int main(void);

enum { stack_pattern = 0x5a5a5a5a };

__attribute__((noreturn)) static void fault(void) {
  semihosting_print("fault\n");
  semihosting_exit(1);
}

__attribute__((noreturn)) static void begin(void) {
  /* Full access to the floating-point unit: coprocessors 10 and 11 in CPACR. */
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  for (volatile uint32_t *word = bss_begin; word < bss_end; ++word)
    *word = 0;
  semihosting_exit(main());
}

__attribute__((noreturn, naked)) void reset(void) {
  /* The stack is filled before it is used, by code that uses none of it. */
  __asm__ volatile("ldr r0, =stack_limit\n\t"
                   "ldr r1, =stack_top\n\t"
                   "ldr r2, =%c0\n"
                   "1:\n\t"
                   "cmp r0, r1\n\t"
                   "it lo\n\t"
                   "strlo r2, [r0], #4\n\t"
                   "blo 1b\n\t"
                   "b %c1\n\t"
                   ".ltorg" ::"i"(stack_pattern),
                   "i"(begin));
  __builtin_unreachable();
}

unsigned stack_used(void) {
  const uint32_t *word = stack_limit;
  while (word < stack_top && *word == stack_pattern)
    ++word;
  return (unsigned)((const char *)stack_top - (const char *)word);
}

/* The table of the architecture: the initial stack pointer, reset, and the 14
   system exceptions, all of which are faults here. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack;
  void (*reset)(void);
  void (*exceptions[14])(void);
} vectors = {stack_top,
             reset,
             {fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
              fault, fault, fault, fault}};
