"""The gateway beside what it is compared with, in one run on one machine.

`python -m benchmarks` measures; `README.md` says what, and how to read it.
"""
