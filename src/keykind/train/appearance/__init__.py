"""Train the features by which single keys are recognised."""
