"""What observations say of a study: calibrate, audit, backtest, observe."""
