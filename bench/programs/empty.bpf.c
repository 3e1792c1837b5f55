/* What a run costs by itself. */
#include "program.h"

PROGRAM(empty, 64) { return 0; }
