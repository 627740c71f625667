"""Program → machine code: the plan, its LLVM assembly, and the call into it."""
