"""`python -m celerytui`."""

from celerytui.cli import main

if __name__ == "__main__":
    main()
