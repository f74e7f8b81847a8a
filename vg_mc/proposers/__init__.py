"""What finds regions in photos: annotated boxes, stored detections, and detectors."""
