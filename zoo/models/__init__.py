"""Saved models: found, checked, loaded and asked; needs their files only, never a recipe or Keras."""
