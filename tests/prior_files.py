"""Entries of a priors.toml, as tests write them."""

from sdensemble.inputs.priors import read_priors
from tests.builders import small_model

MODEL = small_model()
EVIDENCE = 'basis = "a survey"\nknown_on = "2019-06-30"\n'


def entry(constant, distribution, *more, unit="Dmnl", evidence=EVIDENCE):
    lines = [f'constant = "{constant}"', f'unit = "{unit}"', distribution, *more]
    return "[[prior]]\n" + "\n".join(lines) + "\n" + evidence


COLD = entry("cold chain share", 'distribution = "uniform"\nlow = 0.1\nhigh = 0.4', unit="1/Year")
BUDGET = entry("grant budget", 'distribution = "uniform"\nlow = 1\nhigh = 9', unit="Yi/Year")
COST = entry(
    "capital cost",
    'distribution = "lognormal"\nmedian = 0.4\nlog_sd = 0.4',
    "each = true",
    'group = "capital"',
    unit="Yi",
)
SHARES = entry(
    "import share",
    'distribution = "beta"\nmean = 0.3\nsd = 0.1',
    "each = true",
    'group = "capital"',
)
RHO = '[[correlation]]\ngroup = "capital"\nrho = 0.5\n'


def written(folder, *parts, prior_set="history", model=MODEL):
    """Write a priors.toml of these entries and return one of its sets."""
    path = folder / "calibration" / "priors.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")
    return read_priors(path, model, prior_set)
