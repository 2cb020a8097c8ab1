"""Export of fitted models to ONNX, with alignment and standardisation as part of the graph."""
