"""Which lever gets there: levers compared at equal outlay."""
