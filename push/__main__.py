"""`python -m push`."""

from push.main import main

main()
