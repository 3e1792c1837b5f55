/* What a run costs by itself. */
#include "program.h"

PROGRAM(empty) { return 0; }
