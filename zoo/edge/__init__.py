"""Models on devices without TensorFlow."""
