"""Conditioning on observations: likelihood, sampler, posterior, scores. Knows no study's names."""
