"""The multivariate Gaussian: family and theorems."""
