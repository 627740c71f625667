"""What was learned, forecast, scored and brought in, as documents; the numbers are `evidence`'s."""
