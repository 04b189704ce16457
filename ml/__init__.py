"""Photos -> model: datasets, sampling, triplet loss, network, training, metrics, export, runtime embedder."""

import os

# Since 1.29 ONNX Runtime reports events and a device id to its maker unless told not to before its first import. A
# shop's photos are nobody's business, and the reporting thread keeps a forked worker from ending.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
