"""SDEverywhere's C of a model file, one member at a time.

Its compiler (``@sdeverywhere/compile``, MIT) writes the C: initial values, auxiliaries, levels. Its
C helpers are not in the package index, so the few functions these models call and the loop over
time are ours, of the same kind and no slower: the loop stores nothing on the way.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sdengine.syntax import Model

GENERATE = """
import fs from 'fs'
import { parseAndGenerate } from '@sdeverywhere/compile'
const text = fs.readFileSync(process.argv[2], 'utf8')
await parseAndGenerate(text, 'vensim', {}, ['generateC'], '.', 'model', process.argv[3], '')
"""

HEADER = """#pragma once
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern double _time, _initial_time, _final_time, _time_step;
typedef struct { const double *pairs; size_t size, hit; double last; } Lookup;
static inline Lookup *__new_lookup(size_t size, bool copy, double *pairs) {
  Lookup *table = calloc(1, sizeof *table);
  table->pairs = pairs; table->size = size; table->last = DBL_MAX;
  return table;
}
static inline double _LOOKUP(Lookup *table, double x) {
  const double *p = table->pairs;
  size_t i = x >= table->last ? table->hit : 0;  // a growing x goes on where the last one ended
  while (i < table->size && p[2 * i] < x) i++;
  table->last = x; table->hit = i;
  if (i == table->size) return p[2 * i - 1];
  if (i == 0 || p[2 * i] == x) return p[2 * i + 1];
  double dx = p[2 * i] - p[2 * i - 2], dy = p[2 * i + 1] - p[2 * i - 1];
  return p[2 * i - 1] + dy / dx * (x - p[2 * i - 2]);
}
static inline double _XIDZ(double a, double b, double x) { return fabs(b) < 1e-6 ? x : a / b; }
static inline double _ZIDZ(double a, double b) { return fabs(b) < 1e-6 ? 0.0 : a / b; }
#define _WITH_LOOKUP(x, table) _LOOKUP(table, x)
#define _ABS(x) fabs(x)
#define _EXP(x) exp(x)
#define _IF_THEN_ELSE(c, t, f) ((double)(c) != 0.0 ? (t) : (f))
#define _INTEG(value, rate) ((value) + (rate) * _time_step)
#define _INTEGER(x) trunc(x)
#define _LN(x) log(x)
#define _MAX(a, b) fmax(a, b)
#define _MIN(a, b) fmin(a, b)
#define _POWER(a, b) pow(a, b)
#define _SQRT(x) sqrt(x)
#define _STEP(height, start) (_time + _time_step / 2 > (start) ? (height) : 0.0)
void initConstants(void), initLevels(void), evalAux(void), evalLevels(void);
static inline void outputVar(double value) { (void)value; }
"""

LOOP = """#include "sde.h"
double _time;
void run(void) {
  initConstants();
  initLevels();
  _time = _initial_time;
  int last = (int)round((_final_time - _initial_time) / _time_step);
  for (int step = 0;; step++) {
    evalAux();
    if (step == last) return;
    evalLevels();
    _time += _time_step;
  }
}
"""


class SDEverywhere:
    """A model file compiled by SDEverywhere and then by the C compiler of this machine."""

    def __init__(self, path: Path, installed: Path, folder: Path):
        own = Path(tempfile.mkdtemp(dir=folder))
        script = Path(tempfile.mkstemp(suffix=".mjs", dir=installed)[1])  # beside node_modules
        try:
            script.write_text(GENERATE, encoding="utf-8")
            _call("node", script, path.resolve(), own)
        finally:
            script.unlink()
        (own / "sde.h").write_text(HEADER, encoding="utf-8")
        (own / "loop.c").write_text(LOOP, encoding="utf-8")
        # the model's variables are global: without -Bsymbolic one may be taken for a C library's
        flags = ["-O3", "-march=native", "-shared", "-fPIC", "-Wl,-Bsymbolic", f"-I{own}"]
        _call("cc", *flags, own / "model.c", own / "loop.c", "-o", own / "model.so", "-lm")
        self._library = ctypes.CDLL(str(own / "model.so"))

    @classmethod
    def open(cls, path: Path, installed: Path | None, folder: Path) -> SDEverywhere | None:
        """Return the model compiled, or None where the compiler is not there or refuses it."""
        if installed is None or path.suffix != ".mdl":
            return None
        if not (shutil.which("node") and shutil.which("cc")):
            print("  no SDEverywhere: it needs node and cc", file=sys.stderr)
            return None
        try:
            return cls(path, installed, folder)
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or "").strip().splitlines() or [str(error)]
            print(f"  no SDEverywhere of {path.name}: {lines[-1][:90]}", file=sys.stderr)
            return None

    def run(self) -> None:
        """Run the model once with the file's constants."""
        self._library.run()

    def difference(self, model: Model, kernel: object, names: list[str]) -> float:
        """Return the largest relative difference of some stocks at the end of the run."""
        self.run()
        run = kernel.run(report=names)  # type: ignore[attr-defined]
        worst = 0.0
        for name in names:
            own = np.ravel(run.values[name][-1, ..., 0])
            symbol = "_" + "_".join(name.lower().split())
            theirs = np.array((ctypes.c_double * own.size).in_dll(self._library, symbol))
            worst = max(worst, float(np.abs(theirs - own).max() / (np.abs(own).max() + 1e-300)))
        return worst


def version(installed: Path) -> str:
    """Return the version of the compiler installed in a folder."""
    package = installed / "node_modules" / "@sdeverywhere" / "compile" / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def _call(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
