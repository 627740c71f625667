"""Which lever, how much, at what price: numbers for decisions, without words.

The modules of the lower half take arrays and return arrays or labelled data, and know neither
study nor model: ``jackknife``, ``sobol``, ``shapley``, ``information``, ``regret``,
``dominance``, ``prim``, ``monotone``, ``roots``. The upper half puts them to an ensemble.
"""
