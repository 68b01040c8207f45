"""Faults planted in the core, one at a time, to see whether the tests find them: ``make mutation``.

Named faults are those that a liquidation engine must not have; the others are drawn from all that operators find.  The
libraries for this change files of an installed package and run its whole suite for each change; here a core that is not
compiled runs beside a reference, and most faults are found by the first command that differs.
"""
