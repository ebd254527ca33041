package tournament

import (
	"rubato/env"
	"rubato/env/forecast"
)

// newForecaster makes the forecaster that every rival has.
func newForecaster() env.Forecaster { return forecast.New() }
