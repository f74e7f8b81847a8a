"""Option dataclasses of commands that helpers of commands read, too."""
