// Prints, before `main`, the target whose code the model takes on this processor. The model is the macro MODEL: its C descriptor.
#include <cstdio>
#include <ingot/model.h>

extern "C" const ingot_model MODEL;

static const int printed = std::printf("level %s\n", MODEL.level());
