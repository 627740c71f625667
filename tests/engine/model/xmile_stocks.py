"""Small XMILE models of special stocks, written and run."""

from __future__ import annotations

from sdensemble import compile_model, read_model

NOW = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
R = '<dimensions><dim name="R"/></dimensions>'
NON = "<non_negative/>"


def run(path, *names):
    found = compile_model(read_model(path)).run(report=names)
    return [found.values[name][..., 0] for name in names]


def belt(inside: str = "<len>3</len>", options: str = "") -> str:
    return f"<conveyor{options}>{inside}</conveyor>"


def flow(name: str, equation: str | None = None, more: str = "", options: str = "") -> str:
    inside = "" if equation is None else f"<eqn>{equation}</eqn>"
    inside = inside.replace(" < ", " &lt; ")
    return f'<flow name="{name}"{options}>{inside}{more}</flow>'


def stock(name: str, first: str, ins=(), outs=(), more: str = "", dims: str = "") -> str:
    flows = "".join(f"<inflow>{n}</inflow>" for n in ins)
    flows += "".join(f"<outflow>{n}</outflow>" for n in outs)
    return f'<stock name="{name}">{dims}<eqn>{first}</eqn>{flows}{more}</stock>'


def each(a: str, b: str, tag: str = "eqn") -> str:
    return "".join(
        f'<element subscript="{name}"><{tag}>{value}</{tag}></element>'
        for name, value in (("a", a), ("b", b))
    )


def aux(name: str, a: str, b: str) -> str:
    return f'<aux name="{name}">{R}{each(a, b)}</aux>'


def flows(*names: str) -> str:
    return "".join(f'<flow name="{name}">{R}</flow>' for name in names)


def written(
    folder, body: str, *, stop: float = 8, dt: float = 1, method: str = "Euler", more: str = ""
):
    path = folder / "model.xmile"
    path.write_text(
        f'<xmile version="1.0" xmlns="{NOW}"><sim_specs method="{method}"><start>0</start>'
        f"<stop>{stop}</stop><dt>{dt}</dt></sim_specs><dimensions><dim name='R'>"
        f"<elem name='a'/><elem name='b'/></dim></dimensions>{more}<model><variables>{body}"
        "</variables></model></xmile>",
        encoding="utf-8",
    )
    return path
