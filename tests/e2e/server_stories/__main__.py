"""Tells one story: `python -m tests.e2e.server_stories STORY URL`, with the credentials in the environment.

Which version of the library tells it is up to PYTHONPATH.
"""

from __future__ import annotations

import os
import sys

from . import life, reading
from .library import Library

STORIES = {story.__name__: story for story in (*life.STORIES, *reading.STORIES)}


def main() -> None:
    story, url = sys.argv[1:]
    library = Library(url, os.environ["STORY_ACCOUNT"], os.environ["STORY_SECRET"])
    try:
        STORIES[story](library)
    finally:
        library.close()
    sys.stdout.write(library.version)


main()
