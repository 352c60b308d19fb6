"""Models of normality: observations in, one score each out."""
