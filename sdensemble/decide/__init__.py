"""Which lever, how much, at what price: numbers for decisions, without words.

The modules of the lower half take arrays and return arrays or labelled data, and know neither
study nor model: ``sobol``, ``shapley``, ``information``, ``robust``, ``prim``, ``monotone``,
``places``, ``roots``. The upper half puts them to an ensemble.
"""
