"""Models behind a port: TensorFlow Serving's REST and gRPC, batches across requests, bounds on everything.

Needs the extra `serve`; gRPC also `grpc`.
"""
