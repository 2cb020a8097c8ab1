"""Networks inside an estimator: training, outputs, and arrays to be saved."""
