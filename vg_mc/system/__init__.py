"""The machine below the field: files, processes, signals, launchers, the hub."""
