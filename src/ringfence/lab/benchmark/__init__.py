"""Scoring deleveraging rules on the sixteen waves of 10 October 2025, on a calibrated reconstruction of the winners.

    published        what the files of the data folder say, and nothing else
    sizes            how the profit of the day was spread over people, from published shares of the largest
    reconstruction   who held what when each wave began: drawn once, in integers, and frozen by its digest
    venue            a wave in a real venue: positions through the order path, failed accounts, Deleverage
    score            what a rule took of whom, beside the published rows
    run              all of it, as lines for a person and for a program

The published positions of the winners are too large to be obtained, so nothing here is said of real people.
"""
