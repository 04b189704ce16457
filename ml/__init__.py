"""Photos -> model: datasets, sampling, triplet loss, network, training, metrics, export, runtime embedder."""

import os

# Since 1.29 ONNX Runtime sends telemetry unless it is disabled before the first import. It would send data about a
# shop's machine to a third party, and its thread prevents a forked worker from exiting.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
