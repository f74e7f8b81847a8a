"""Check that OpenCV can be imported, with installation advice if it cannot.

The wheel `opencv-python` links against desktop libraries, which slim containers lack. The import
then fails with only the name of a file, usually deep inside another library such as ultralytics.
"""

DESKTOP_LIBRARIES = ("libGL", "libgthread", "libglib", "libSM", "libXext", "libXrender", "libxcb")

CURE = """\
OpenCV cannot be imported on this machine: {error}
Install the system libraries that it links against
    apt-get install libgl1 libglib2.0-0
or use the build of OpenCV that needs none
    pip uninstall opencv-python && pip install opencv-python-headless"""


def require_opencv() -> None:
    """Import cv2; call this before importing a library that imports it.

    Raises:
        ImportError: With installation advice, if a system library is missing.
    """
    try:
        import cv2  # noqa: F401 - only tests the import
    except ImportError as error:
        if any(library in str(error) for library in DESKTOP_LIBRARIES):
            raise ImportError(CURE.format(error=error)) from error
        raise
