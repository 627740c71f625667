"""What a model's reference is written from, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sdengine.syntax import Kind, Model
from sdensemble.inputs.loops import Loop, read_loops
from sdensemble.inputs.priors import Prior, describe
from sdensemble.inputs.sources import Sources
from sdensemble.inputs.vensim.source import Source, read_source
from sdensemble.pages.diagrams import lines_of
from sdensemble.pages.graph import Graph, read_graph
from sdensemble.pages.polarity import Sign, loop_signs
from sdensemble.pages.sheets import Sheet, make_sheets
from sdensemble.study import Study

VIEW = "view"  # the range of labels.csv that names views


@dataclass(frozen=True)
class Content:
    """All a reference is written from."""

    model: Model
    source: Source
    graph: Graph
    sheets: tuple[Sheet, ...]
    loops: tuple[Loop, ...]
    signs: Mapping[str, tuple[Sign, ...]]
    priors: Mapping[str, tuple[Prior, ...]]
    evidence: Sources

    def kind(self, name: str) -> str:
        """Return stock, flow, auxiliary, constant, lookup or data."""
        kind = self.model[name].kind
        flow = kind is Kind.AUXILIARY and name in self.graph.flows
        return "flow" if flow else kind.value

    def view_label(self, view: str, lang: str) -> str:
        """Return a view's name in a language: from labels.csv, else as it is."""
        return self.model.element_label(VIEW, view, lang)

    @cached_property
    def users(self) -> Mapping[str, list[str]]:
        """Variable → the variables that read it."""
        found: dict[str, list[str]] = {name: [] for name in self.model.variables}
        for source, target in self.graph.pairs():
            found[source].append(target)
        return found

    def prior_texts(self, name: str, lang: str = "en") -> dict[str, str]:
        """Return set → the priors of a constant as text."""
        found = {}
        for prior_set, items in self.priors.items():
            own = [_prior(p, lang) for p in items if p.constant == name]
            if own:
                found[prior_set] = "; ".join(own)
        return found


def _prior(prior: Prior, lang: str) -> str:
    element = f"[{prior.element}] " if prior.element else ""
    times = "× " if prior.scale else ""
    return f"{element}{times}{describe(prior.distribution, lang)} {prior.unit}".rstrip()


def reference_digest(study: Study) -> str:
    """Return a hash of the files a reference is made from: a stored one that differs is old."""
    found = hashlib.blake2b(digest_size=16)
    for path in (study.model.path, *_beside(study)):
        if path.is_file():
            found.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()


def _beside(study: Study) -> tuple[Path, ...]:
    here = study.model.path
    return (
        here.with_name("labels.csv"),
        here.with_name("loops.toml"),
        study.folder / "calibration" / "priors.toml",
        *sorted((study.folder / "calibration" / "evidence").glob("*.csv")),
    )


def read_content(study: Study) -> Content:
    """Return what the reference of a study's model is written from."""
    model = study.model
    source = read_source(model)
    graph = read_graph(model, source)
    path = model.path.with_name("loops.toml")
    loops = read_loops(path, model) if path.is_file() else ()
    has = (study.folder / "calibration" / "priors.toml").is_file()
    priors = {s: study.priors(s).items for s in study.prior_sets()} if has else {}
    sheets = make_sheets(model, graph, lines_of(model))
    signs = loop_signs(model, loops)
    return Content(model, source, graph, sheets, loops, signs, priors, study.sources)
