"""The functions a model may call, and what each means."""
