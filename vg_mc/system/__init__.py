"""Operating system services: files, processes, signals, launchers and the model hub."""
