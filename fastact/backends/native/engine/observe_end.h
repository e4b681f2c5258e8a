/* Forgets what observe_loops.h was stamped with, so that the next instruction set can say its own. */
#undef TARGET
#undef LANES
#undef VECTOR
#undef LOAD
#undef STORE
#undef SPREAD
#undef ADD
#undef SUBTRACT
#undef MULTIPLY_ADD
#undef LESSER
#undef GREATER
#undef MAGNITUDE
#undef SCALED
#undef EQUAL
#undef LESS
#undef AT_MOST
