"""Files that systems leave in folders unseen, such as ``._photo.jpg``, .DS_Store and Thumbs.db."""

SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is hidden, so that it is no data of the user."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES
