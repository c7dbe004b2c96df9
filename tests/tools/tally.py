"""Runs the unittest cases of a script and ends with the line that tools/run_tests.py adds up."""

import sys
import unittest


def main():
    program = unittest.main(module="__main__", exit=False, verbosity=0)
    result = program.result
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    for test, reason in result.skipped:
        print(f"skipped {test.id()}: {reason}")
    sys.stderr.flush()
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)
