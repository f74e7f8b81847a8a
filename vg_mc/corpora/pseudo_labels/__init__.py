"""Pseudo-labels: expressions made up from detections, for training without human expressions."""
