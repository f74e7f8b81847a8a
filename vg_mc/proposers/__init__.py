"""Proposers: annotated boxes, stored detections, and detectors."""
