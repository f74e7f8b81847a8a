"""OpenCV, and what to do where it does not start.

The wheel `opencv-python` links against libraries of the desktop, which slim containers leave out.
The import then fails with the bare name of a file, usually deep inside another library, since
ultralytics imports cv2 as well. Asking here first turns that into a cure.
"""

DESKTOP_LIBRARIES = ("libGL", "libgthread", "libglib", "libSM", "libXext", "libXrender", "libxcb")

CURE = """\
OpenCV cannot start on this machine: {error}
Give it the system libraries that it links against
    apt-get install libgl1 libglib2.0-0
or take the build of OpenCV that needs none
    pip uninstall opencv-python && pip install opencv-python-headless"""


def require_opencv() -> None:
    """Import cv2, to be called before a library that imports it.

    Raises:
        ImportError: With the cure, if a library of the system is missing.
    """
    try:
        import cv2  # noqa: F401 - whether it can be imported is the question
    except ImportError as error:
        if any(library in str(error) for library in DESKTOP_LIBRARIES):
            raise ImportError(CURE.format(error=error)) from error
        raise
