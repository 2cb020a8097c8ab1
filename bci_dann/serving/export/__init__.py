"""Export of fitted models to ONNX, with alignment and standardisation inside the graph."""
