"""`python -m nextclose`."""

from nextclose.cli.app import main

main()
